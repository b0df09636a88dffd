#pragma once

#include "qc_metrics/psf_halfmax_learn.h"
#include "qc_metrics/psf_halfmax_width.h"

namespace qc_metrics {

/// d ln(width) / d(ten parameters) of the profile along a direction in voxels.
[[nodiscard]] BeadVector WidthGradient(const MappedBead& bead, const PixelBox& box,
                                       const Eigen::Vector3d& direction_px, double width_um);

/// What the shape's own uncertainty adds to every bead alike: it does not average down.
/// Method    total derivative of each width by the coefficients, the bead's answer included, times
///           their posterior covariance; of one typical bead.
[[nodiscard]] SharedUncertainty ShapeUncertainty(const FitContext& context,
                                                 const LearnedShape& shape, const ShapedBead& bead,
                                                 const HalfMaximum& half);

}  // namespace qc_metrics
