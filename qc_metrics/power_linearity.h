#pragma once

#include <span>
#include <vector>

#include "qc_metrics/power.h"

namespace qc_metrics {

/// Straight lines of mean power against setting, one for each line with at least five settings.
///
/// Input        segments with a setting; those of one setting are averaged.
/// Method       ordinary least squares with an intercept, each setting with the same weight.
/// Uncertainty  from the means' own u through the fit; what the line does not describe is the
///              deviation, not noise. R2 of a nearly straight curve also carries its second order.
[[nodiscard]] std::vector<PowerLinearity> MeasureLinearity(std::span<const PowerSegment> segments);

}  // namespace qc_metrics
