#pragma once

#include <optional>
#include <span>

namespace qc_metrics {

/// Full width at half maximum of a profile, in samples.
struct HalfMaximumWidth {
  double width = 0.0;
  double u = 0.0;
};

/// Reads the width where the profile itself crosses its half, whatever its shape.
///
/// Method    base: median of the outer fifth of the samples (a tenth on either side); top: maximum
/// of
///           a parabola through the samples above 85 % of the largest, at least five; crossings:
///           outwards from the top, a straight line through the samples between 40 % and 60 %
///           on each side, two at least.
/// Errors    nothing for fewer than 7 samples, or where a side does not come down to 40 %.
/// Uncertainty  of the two crossings and of the half. Noise of a sample: that of the base, from
///           differences of second order, and a part that grows with the light, from those of
///           fourth order above a fifth of the height.
[[nodiscard]] std::optional<HalfMaximumWidth> HalfMaximum1d(std::span<const double> values);

}  // namespace qc_metrics
