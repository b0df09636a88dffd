#include "qc_metrics/psf_gaussian_fit.h"

#include <Eigen/Cholesky>
#include <Eigen/LU>
#include <algorithm>
#include <cmath>

namespace qc_metrics {
namespace {

constexpr double kLargestStep = 0.7;  // change of log light about 1.5 sigma from the centre

/// Shortens a step that would change the log light too much near the bead.
double StepScale(const Parameters& theta, const Parameters& step) {
  const Eigen::Matrix3d shape = Precision(theta).inverse();
  const Eigen::Vector3d s = 1.5 * shape.diagonal().cwiseMax(0.1).cwiseSqrt();
  double largest = 0.0;
  for (int i = 0; i < 10; ++i) {
    const Powers& p = kPowers[static_cast<std::size_t>(i)];
    largest = std::max(largest, std::abs(step[i]) * std::pow(s[0], p.x) * std::pow(s[1], p.y) *
                                    std::pow(s[2], p.z));
  }
  return largest > kLargestStep ? kLargestStep / largest : 1.0;
}

bool IsBead(const Parameters& theta) {
  if (!theta.allFinite() || std::abs(theta[0]) > 60.0) {
    return false;
  }
  const Eigen::Matrix3d p = Precision(theta);
  return p(0, 0) > 0.0 && p(0, 0) * p(1, 1) - p(0, 1) * p(0, 1) > 0.0 && p.determinant() > 0.0 &&
         p.diagonal().maxCoeff() < 50.0;
}

/// Scoring step of the free parameters, or nothing when the information is singular.
std::optional<Parameters> ScoringStep(const Information& info, const Parameters& score, Free free) {
  const int n = free == Free::kLightOnly ? 10 : 14;
  // Unit diagonal: positions to the fourth power and a background slope differ by many decades.
  Parameters scale = Parameters::Ones();
  for (int i = 0; i < n; ++i) {
    if (!(info(i, i) > 0.0)) {
      return std::nullopt;
    }
    scale[i] = 1.0 / std::sqrt(info(i, i));
  }
  const Information scaled = scale.asDiagonal() * info * scale.asDiagonal();
  Parameters step = Parameters::Zero();
  if (n == 10) {
    const Eigen::Matrix<double, 10, 10> light = scaled.topLeftCorner<10, 10>();
    const Eigen::LLT<Eigen::Matrix<double, 10, 10>> llt(light);
    if (llt.info() != Eigen::Success) return std::nullopt;
    step.head<10>() = llt.solve(scale.head<10>().cwiseProduct(score.head<10>()));
  } else {
    const Eigen::LLT<Information> llt(scaled);
    if (llt.info() != Eigen::Success) return std::nullopt;
    step = llt.solve(scale.cwiseProduct(score));
  }
  return Parameters(step.cwiseProduct(scale));
}

}  // namespace

Eigen::Matrix3d Precision(const Parameters& t) {
  return ToMatrix({-2.0 * t[4], -2.0 * t[5], -2.0 * t[6], -t[7], -t[8], -t[9]});
}

Eigen::Vector3d Centre(const Parameters& t) {
  return Precision(t).inverse() * Eigen::Vector3d(t[1], t[2], t[3]);
}

Parameters MakeParameters(const std::array<double, 3>& centre_px, const Shape& shape_px2,
                          double amplitude, double background, const std::array<int, 3>& origin) {
  const Eigen::Matrix3d p = ToMatrix(shape_px2).inverse();
  const Eigen::Vector3d c(centre_px[0] - origin[0], centre_px[1] - origin[1],
                          centre_px[2] - origin[2]);
  const Eigen::Vector3d slope = p * c;
  Parameters t = Parameters::Zero();
  t << std::log(std::max(amplitude, 1e-9)) - 0.5 * c.dot(slope), slope, -0.5 * p(0, 0),
      -0.5 * p(1, 1), -0.5 * p(2, 2), -p(0, 1), -p(0, 2), -p(1, 2), background, 0.0, 0.0, 0.0;
  return t;
}

Parameters MoveOrigin(const Parameters& theta, const std::array<int, 3>& from,
                      const std::array<int, 3>& to) {
  const Eigen::Vector3d d(to[0] - from[0], to[1] - from[1], to[2] - from[2]);
  const Eigen::Matrix3d p = Precision(theta);
  Parameters t = theta;
  const Eigen::Vector3d slope(theta[1], theta[2], theta[3]);
  t[0] = theta[0] + slope.dot(d) - 0.5 * d.dot(p * d);
  const Eigen::Vector3d moved = slope - p * d;
  t.segment<3>(1) = moved;
  t[10] = theta[10] + theta.segment<3>(11).dot(d);
  return t;
}

GaussianFit FitGaussian(const Window& window, const Parameters& start, const NoiseLine& noise,
                        const PixelBox& box, Free free, const FitLimits& limits) {
  GaussianFit fit;
  fit.theta = start;
  fit.origin = window.origin;
  fit.voxels = window.voxels;
  if (!IsBead(start)) {
    return fit;
  }
  for (; fit.steps < limits.steps; ++fit.steps) {
    const GaussianSums sums = SumGaussian(window, fit.theta, noise, box);
    fit.information = sums.information;
    fit.chi2 = sums.chi2;
    auto step = ScoringStep(fit.information, sums.score, free);
    if (!step || !step->allFinite()) {
      return fit;
    }
    double scale = StepScale(fit.theta, *step);
    while (scale > 1e-3 && !IsBead(fit.theta + scale * *step)) {
      scale *= 0.5;
    }
    if (scale <= 1e-3) {
      return fit;
    }
    fit.theta += scale * *step;
    if (scale == 1.0 && 0.5 * step->dot(sums.score) < limits.tolerance) {
      fit.converged = true;
      ++fit.steps;
      return fit;
    }
  }
  return fit;
}

}  // namespace qc_metrics
