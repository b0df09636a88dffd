#pragma once

#include <optional>
#include <span>

#include "monitor/report/picture.h"
#include "qc_metrics/power.h"

namespace monitor::report {

/// The whole log with its segments shaded and, below, each segment relative to its own mean with
/// the model that it was taken apart into: steps as upright lines, outliers as points: power_trace
/// (SVG). Of long logs the lowest and highest of each of 1500 stretches is drawn.
[[nodiscard]] Picture PowerTrace(std::span<const qc_metrics::PowerSample> samples,
                                 const qc_metrics::Power& power);

/// Means against settings with their line and, below, the deviations in percent of full scale, a
/// column for each laser line (the first four): power_linearity (SVG). Absent without a linearity.
[[nodiscard]] std::optional<Picture> PowerLinearityChart(const qc_metrics::Power& power);

/// Means of the pulses of each line and setting over time, relative to their mean: power_pulses
/// (SVG). Absent where no pulse is repeated.
[[nodiscard]] std::optional<Picture> PowerPulsesChart(const qc_metrics::Power& power);

}  // namespace monitor::report
