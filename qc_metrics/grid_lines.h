#pragma once

#include <optional>
#include <vector>

#include "qc_metrics/grid_spots.h"

namespace qc_metrics {

/// Which axis of the image the lines of a micrometer cut.
enum class LineAxis { kX, kY };

/// One line at one height: where it cuts a strip of the image.
struct LineCrossing {
  int line = 0;         ///< number of the line, along the axis
  double along = 0.0;   ///< position on the axis, px
  double across = 0.0;  ///< middle of the strip on the other axis, px
};

/// Parallel lines of a stage micrometer.
struct ParallelLines {
  LineAxis axis = LineAxis::kX;
  double step_px = 0.0;  ///< along the axis
  double slope = 0.0;    ///< change of `along` with `across`
  std::vector<LineCrossing> crossings;
};

/// Finds parallel lines.
///
/// Method    the structure tensor tells the direction; along it the image is averaged in 16
///           strips, and every line's centre in each is the fixed point of a Gaussian-weighted
///           centroid. Lines are numbered by the commonest distance.
/// Errors    nothing when the gradients have no common direction (coherence below 0.85), or fewer
///           than 3 lines are seen in most strips.
[[nodiscard]] std::optional<ParallelLines> FindParallelLines(const GridImage& grid);

}  // namespace qc_metrics
