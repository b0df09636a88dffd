#pragma once

#include "qc_metrics/psf_bead_fit.h"

namespace qc_metrics {

/// Level of one bead's background at its centre, in adu, from voxels that its light hardly reaches.
///
/// Method    the first and the last 3 slices within 15 px of the bead, each where it lies at least
///           6 sigma from the centre: mean of the values within 4 standard deviations of the
///           median, or the median where more than 3 % lie outside (structured background); between
///           both a straight line in z. Without such slices the median of a ring of 6 to 9 sigma
///           about the bead, in the slices of its core.
/// Uncertainty  noise of the voxels used, as far as they are independent.
[[nodiscard]] Estimate FarBackground(const FitContext& context,
                                     const std::array<double, 3>& centre_px,
                                     const Shape& shape_px2);

}  // namespace qc_metrics
