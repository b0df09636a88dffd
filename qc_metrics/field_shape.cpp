#include "qc_metrics/field_shape.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <array>
#include <cmath>

namespace qc_metrics {
namespace {

using Terms = Eigen::Matrix<double, 6, 1>;
// Powers of x and y in each term: 1, x, y, x^2, y^2, x y.
constexpr std::array<std::array<int, 2>, 6> kTerms = {
    {{0, 0}, {1, 0}, {0, 1}, {2, 0}, {0, 2}, {1, 1}}};

template <int kCount>
Eigen::Matrix<double, kCount, 1> Powers(double x) {
  Eigen::Matrix<double, kCount, 1> powers;
  powers(0) = 1.0;
  for (int k = 1; k < kCount; ++k) powers(k) = powers(k - 1) * x;
  return powers;
}

// Parts of the width and height, from the middle: -1/2 to 1/2.
double Place(int bin, int bin_px, int pixels) {
  return ((bin + 0.5) * bin_px - 0.5 * pixels) / pixels;
}

/// Of the least-squares fit of the terms to the bins.
struct NormalEquations {
  Eigen::Matrix<double, 6, 6> normal;
  Terms right;
};

NormalEquations EquationsOf(const cv::Mat& bins, int bin_px, cv::Size image_px) {
  // Powers of x and y separate: sums along the rows first.
  Eigen::Matrix<double, 5, 1> of_x = Eigen::Matrix<double, 5, 1>::Zero();
  Eigen::Matrix<double, 5, 1> of_y = of_x;
  for (int i = 0; i < bins.cols; ++i) of_x += Powers<5>(Place(i, bin_px, image_px.width));
  Eigen::Matrix3d right_of = Eigen::Matrix3d::Zero();  // powers of y, powers of x
  for (int j = 0; j < bins.rows; ++j) {
    const double y = Place(j, bin_px, image_px.height);
    of_y += Powers<5>(y);
    const auto* row = bins.ptr<double>(j);
    Eigen::Vector3d of_row = Eigen::Vector3d::Zero();
    for (int i = 0; i < bins.cols; ++i) {
      of_row += row[i] * Powers<3>(Place(i, bin_px, image_px.width));
    }
    right_of += Powers<3>(y) * of_row.transpose();
  }
  NormalEquations out;
  for (std::size_t a = 0; a < kTerms.size(); ++a) {
    const auto [ax, ay] = kTerms[a];
    out.right(static_cast<Eigen::Index>(a)) = right_of(ay, ax);
    for (std::size_t b = 0; b < kTerms.size(); ++b) {
      out.normal(static_cast<Eigen::Index>(a), static_cast<Eigen::Index>(b)) =
          of_x(ax + kTerms[b][0]) * of_y(ay + kTerms[b][1]);
    }
  }
  return out;
}

}  // namespace

FieldShape MeasureFieldShape(const cv::Mat& bins, int bin_px, cv::Size image_px, cv::Size2d pixel,
                             double pixel_variance) {
  const auto [normal, right] = EquationsOf(bins, bin_px, image_px);
  const Eigen::LDLT<Eigen::Matrix<double, 6, 6>> solver(normal);
  const Terms c = solver.solve(right);
  const Eigen::Matrix<double, 6, 6> inverse = solver.solve(Eigen::Matrix<double, 6, 6>::Identity());
  const double bin_variance = pixel_variance / (static_cast<double>(bin_px) * bin_px);
  const double width = pixel.width * image_px.width;
  const double height = pixel.height * image_px.height;
  // The share of the error of the light in the middle is left out: it is of second order.
  const auto u = [&](int k, double unit) {
    return std::sqrt(bin_variance * inverse(k, k)) / (c(0) * unit);
  };
  return {.gradient = {c(1) / (c(0) * width), c(2) / (c(0) * height)},
          .vignetting = 0.5 * (c(3) / (c(0) * width * width) + c(4) / (c(0) * height * height)),
          .gradient_u = {u(1, width), u(2, height)},
          .vignetting_u = 0.5 * std::hypot(u(3, width * width), u(4, height * height))};
}

}  // namespace qc_metrics
