#pragma once

#include <optional>
#include <span>

namespace qc_metrics {

/// Full width at half maximum of a profile, in samples.
struct HalfMaximumWidth {
  double width = 0.0;
  double u = 0.0;
};

/// Reads the width where a smooth curve through the profile crosses its half.
///
/// Method    base: median of the outer fifth of the samples (a tenth on either side). Curve: base +
///           exp(polynomial of fourth degree), least squares weighted by one over the light,
///           through the samples about the largest that are above a fifth of it, seven at least.
///           From the curve's top outwards on either side to half of its height.
/// Errors    nothing for fewer than 7 samples, or where a side does not come down to the half.
/// Accuracy  exact for a Gaussian at any sampling; other shapes stand in DEFINITIONS.md.
/// Uncertainty  covariance of the fit and of the base. Noise of a sample: that of the base, from
/// its
///           second differences, and a part that grows with the light, from the residuals.
[[nodiscard]] std::optional<HalfMaximumWidth> HalfMaximum1d(std::span<const double> values);

}  // namespace qc_metrics
