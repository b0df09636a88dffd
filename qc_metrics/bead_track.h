#pragma once

#include <array>
#include <optional>
#include <vector>

#include "qc_metrics/measured.h"
#include "qc_metrics/result.h"
#include "qc_metrics/stack.h"
#include "qc_metrics/stage.h"

namespace qc_metrics {

/// Where a spot lies, in pixels and slices of its frame.
struct SpotPlace {
  std::array<double, 3> at{};  ///< x, y in pixels, z in slices
  std::array<double, 3> u{};
  double sigma_px = 0.0;
};

/// A bead through the frames; `places` ends where it was lost.
struct TrackedBead {
  std::vector<SpotPlace> places;
  std::optional<std::string> rejected;  ///< reason: lost, saturated, edge, fit_failed
};

/// A member without a default has no safe guess.
struct TrackSettings {
  double pixel_x_um, pixel_y_um;
  double frame_interval_s;
  std::optional<double> z_step_um = {};       ///< of stacks of more than one plane
  std::optional<double> saturation_adu = {};  ///< a bead with a value at or above it is saturated
};

struct BeadTracks {
  std::vector<TrackedBead> beads;
  StageTrack track;  ///< mean over the beads that were kept
  int kept = 0;
};

/// Follows beads through a series of frames, each one plane or a z-stack of one size.
///
/// Method    beads: local maxima of the first frame (summed over z, smoothed) above median + 8
/// robust
///           SD, at most 100, apart and off the edge. In each frame a 2-D Gaussian on a background
///           is fitted around the last place, weighted by a noise that grows with the signal, both
///           parts estimated from the residuals; z from a Gaussian through the axial profile. A
///           bead is lost where the fit fails or jumps by more than its window. The path is the
///           mean of the beads' displacements from the first frame, those beyond 5 robust SD left
///           out as `outlier`.
/// Errors    kUnsupportedFormat, kTooFew (fewer than 3 frames), kNotFinite, kNoSignal (no bead that
///           can be followed to the last frame), kSaturated (all beads are).
/// Uncertainty  of the fits; the scatter of the beads where there are at least 3 and it is larger.
[[nodiscard]] Measured<BeadTracks> TrackBeads(const std::vector<Stack>& frames,
                                              const TrackSettings& settings);

/// Places of one bead, for people and other programs: kept and rejected.
[[nodiscard]] Report TrackReport(const Measured<BeadTracks>& tracks, const TrackSettings& settings);

}  // namespace qc_metrics
