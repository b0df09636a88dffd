#pragma once

#include <span>

#include "qc_metrics/psf.h"
#include "qc_metrics/psf_detection.h"
#include "qc_metrics/psf_gaussian_fit.h"

namespace qc_metrics {

/// The noise line before any fit.
///
/// Method    per_adu = 1 / gain, at_zero = (read noise / gain)^2 + 1/12 - offset / gain where the
///           camera keys say so. Else the level is what the background shows, and the slope comes
///           from triple second differences inside beads, which leave little of a bead's own shape:
///           an upper bound that residuals may lower (SlopeFromResiduals).
[[nodiscard]] NoiseLine StartNoise(const Stack& stack, const PsfSettings& settings,
                                   const Detection& detection);

/// Slope of the variance on the mean from one bead's residuals, corrected for 14 parameters.
[[nodiscard]] double SlopeFromResiduals(const Window& window, const GaussianFit& fit,
                                        const NoiseLine& noise, const PixelBox& box,
                                        const Background& background);

/// The same line through the background's variance with another slope.
[[nodiscard]] NoiseLine WithSlope(const NoiseLine& noise, double per_adu,
                                  const Background& background);

}  // namespace qc_metrics
