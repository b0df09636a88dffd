#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "qc_metrics/power.h"

namespace qc_metrics {

/// Samples [first, first + count) with the laser on, settling edges already left out.
struct SegmentRange {
  std::size_t first = 0;
  std::size_t count = 0;
  std::int64_t edge_samples_dropped = 0;
};

struct Segmentation {
  std::vector<SegmentRange> segments;
  std::int64_t off_samples = 0;
  std::int64_t lone_edge_samples = 0;  ///< of pulses that the log cut to their edge
};

/// The power between "on" and "off" where both are in `power_mw`: Otsu's threshold of the
/// logarithms, accepted only when the medians above and below differ at least fivefold.
[[nodiscard]] std::optional<double> SwitchThreshold(const std::vector<double>& power_mw);

/// Splits a valid log (finite, times rising) as MeasurePower's contract says.
[[nodiscard]] Segmentation FindSegments(std::span<const PowerSample> samples,
                                        const PowerSettings& settings);

}  // namespace qc_metrics
