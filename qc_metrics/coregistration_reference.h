#pragma once

#include <array>

namespace qc_metrics {

/// Radius of an ellipsoid in a direction (any length), in the unit of the semi-axes.
///
/// Method    1 / |(x / Rx, y / Ry, z / Rz)| for a unit direction, which is
///           Rx Ry Rz / sqrt((Ry Rz cos p sin t)^2 + (Rx Rz sin p sin t)^2 + (Rx Ry cos t)^2).
///           Without a direction (no shift) the shortest semi-axis.
/// Source    MetroloJ_QC, theoreticalResolutionCalculator.getReferenceDistance (since 2024).
[[nodiscard]] double EllipsoidRadius(const std::array<double, 3>& semi_axes_um,
                                     const std::array<double, 3>& direction);

}  // namespace qc_metrics
