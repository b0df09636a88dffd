#pragma once

#include <array>
#include <vector>

#include "qc_metrics/psf.h"
#include "qc_metrics/psf_projection.h"
#include "qc_metrics/stack.h"

namespace qc_metrics {

/// The stack away from beads: its level and what one voxel's noise is there.
struct Background {
  double level_adu = 0.0;
  double sd_adu = 0.0;  ///< from differences of neighbours, so that a gradient is not noise
};

/// A place that may be a bead.
struct Candidate {
  std::array<int, 3> voxel{};             ///< brightest voxel near the smoothed maximum
  double height_adu = 0.0;                ///< its value above the local background
  std::array<double, 3> half_width_px{};  ///< robust half widths at half maximum, 0: none found
  bool hot_pixel = false;                 ///< bright without its lateral neighbours
};

/// Candidates, brightest first, and how many beyond the limit were left out.
struct Detection {
  std::vector<Candidate> candidates;
  int left_out = 0;
  Background background;
};

/// Finds places that stand out of the maximum projection, of the type of the planes.
///
/// Method    Gaussian smoothing of a third of the expected width (0.51 lambda / NA where known,
///           else 0.25 um, held within 2 .. 24 px), local background from medians of blocks, local
///           maxima above 12 robust SDs, and above 0.3 of the light around them: noise on the
///           skirt of a bright bead is not a bead.
[[nodiscard]] Detection DetectBeads(const Stack& stack, const cv::Mat& maximum,
                                    const PsfSettings& settings);

/// Robust half widths at half maximum along x, y, z about `voxel` from means of 3 x 3 lines;
/// 0 where the half level is not reached within the stack and `reach_px`.
[[nodiscard]] std::array<double, 3> HalfWidths(const Stack& stack, const std::array<int, 3>& voxel,
                                               double background_adu, double reach_px);

}  // namespace qc_metrics
