#pragma once

#include <span>

#include "qc_metrics/geometry.h"
#include "qc_metrics/grid_lines.h"

namespace qc_metrics {

/// Fits affine grid and distortion to indexed points and fills all of `geometry` but its image.
/// Errors    false with fewer than 9 points, 3 columns or 3 rows.
[[nodiscard]] bool FitGrid(double pitch_um, Geometry& geometry);

/// The same for parallel lines: one pixel size and the rotation.
/// Errors    false with fewer than 3 lines.
[[nodiscard]] bool FitLines(const ParallelLines& lines, double pitch_um, Geometry& geometry);

}  // namespace qc_metrics
