#pragma once

#include <optional>
#include <span>

namespace qc_metrics {

/// y = base + height exp(-(x - centre)^2 / (2 sigma^2)), x in samples from 0.
struct Gauss1d {
  double base = 0.0, height = 0.0, centre = 0.0, sigma = 0.0;
  double u_centre = 0.0, u_sigma = 0.0;
  double r2 = 0.0;
  double ssr = 0.0;
};

/// Least squares without weights.
///
/// Uncertainty  the covariance that the squared residuals themselves give (White 1980), so that
/// noise
///              that grows with the signal is taken along; lengthened for the four parameters.
/// Errors       nothing for fewer than 7 samples, samples that are all equal, or a fit whose centre
///              lies outside of them or whose sigma is below .3 samples or beyond their number.
[[nodiscard]] std::optional<Gauss1d> FitGauss1d(std::span<const double> values);

[[nodiscard]] double ValueAt(const Gauss1d& gauss, double x);

}  // namespace qc_metrics
