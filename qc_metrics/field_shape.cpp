#include "qc_metrics/field_shape.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <cmath>

namespace qc_metrics {
namespace {

using Terms = Eigen::Matrix<double, 6, 1>;  // 1, x, y, x^2, y^2, x y

// Parts of the width and height, from the middle: -1/2 to 1/2.
double Place(int bin, int bin_px, int pixels) {
  return ((bin + 0.5) * bin_px - 0.5 * pixels) / pixels;
}

}  // namespace

FieldShape MeasureFieldShape(const cv::Mat& bins, int bin_px, cv::Size image_px, cv::Size2d pixel,
                             double pixel_variance) {
  Eigen::Matrix<double, 6, 6> normal = Eigen::Matrix<double, 6, 6>::Zero();
  Terms right = Terms::Zero();
  for (int j = 0; j < bins.rows; ++j) {
    const double y = Place(j, bin_px, image_px.height);
    for (int i = 0; i < bins.cols; ++i) {
      const double x = Place(i, bin_px, image_px.width);
      const Terms terms{1.0, x, y, x * x, y * y, x * y};
      normal += terms * terms.transpose();
      right += bins.at<double>(j, i) * terms;
    }
  }
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
