#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "qc_metrics/power_trace.h"

namespace qc_metrics {

/// Moves each step of a binned trace to the pair of samples where it fits best.
void PlaceSteps(std::span<const double> times_s, std::span<const double> power_mw,
                const std::vector<std::size_t>& kept, std::size_t samples_a_bin, TraceModel& model);

}  // namespace qc_metrics
