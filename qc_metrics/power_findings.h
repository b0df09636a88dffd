#pragma once

#include "qc_metrics/power.h"
#include "qc_metrics/result.h"

namespace qc_metrics {

/// The finding of a log that cannot be measured.
[[nodiscard]] Finding PowerFaultFinding(Fault fault);

/// What a person must know of a log that was: segments without a stability or a drift first.
void WritePowerFindings(const Power& power, const PowerSettings& settings, Report& report);

}  // namespace qc_metrics
