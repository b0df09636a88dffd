#pragma once

#include <array>
#include <opencv2/core.hpp>
#include <optional>

#include "qc_metrics/stack.h"

namespace qc_metrics {

/// Centre of the one bead in a cut of a stack as MetroloJ_QC finds it, in voxels of the stack.
///
/// Method    sum projections along z, y and x of the cut (all slices), each scaled to 16 bits, its
///           threshold the fixed point of the mean of both classes' means from the middle of the
///           range on, rounded down; the centre is the centre of mass of what reaches it, weighted
///           by value. x and y from the projection along z, z the mean of the two others.
/// Errors    nothing where a projection is flat.
/// Source    MetroloJ_QC 1.3.1, findSingleBeadCentre ("Legacy" threshold, "Centroid") and
///           LegacyHistogramSegmentation; ImageJ's TypeConverter.convertFloatToShort. All read.
[[nodiscard]] std::optional<std::array<double, 3>> MetrolojCentre(const Stack& stack,
                                                                  const cv::Rect& cut);

}  // namespace qc_metrics
