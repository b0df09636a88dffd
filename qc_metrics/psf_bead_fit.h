#pragma once

#include <array>
#include <optional>

#include "qc_metrics/psf_detection.h"
#include "qc_metrics/psf_residual.h"

namespace qc_metrics {

/// What every bead of a channel shares.
struct FitContext {
  const Stack& stack;
  PixelBox box;
  NoiseLine noise;
  std::array<double, 3> voxel_um;
  Background background;
};

/// Pixel model of the modality: a camera's pixel, or the dwell of a point scanner.
[[nodiscard]] PixelBox BoxOf(const PsfSettings& settings);

/// Fits one candidate: windows of 1.8 sigma twice, light only, then 4 sigma with the background;
/// a single hot column that stands out of the residuals is taken out and the last fit repeated.
/// Errors    nothing when the start or a fit is not a bead's.
[[nodiscard]] std::optional<FittedBead> FitBead(const FitContext& context,
                                                const Candidate& candidate);

/// Repeats the last fit with another noise line, from where it stands.
void Refit(const FitContext& context, FittedBead& bead);

}  // namespace qc_metrics
