#pragma once

#include <span>

#include "monitor/report/picture.h"
#include "qc_metrics/power.h"

namespace monitor::report {

/// The whole log with its segments shaded and, below, each segment relative to its own mean:
/// power_trace (SVG).
[[nodiscard]] Picture PowerTrace(std::span<const qc_metrics::PowerSample> samples,
                                 const qc_metrics::Power& power);

}  // namespace monitor::report
