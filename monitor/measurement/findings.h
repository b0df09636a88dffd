#pragma once

#include <optional>
#include <string>

#include "qc_metrics/measured.h"
#include "qc_metrics/result.h"

namespace monitor::measurement {

/// The finding for a setup key that the analysis cannot do without and nobody stated.
[[nodiscard]] qc_metrics::Finding MissingMetadata(const std::string& key);

/// The finding for an image or a log that cannot be measured.
[[nodiscard]] qc_metrics::Finding FaultFinding(qc_metrics::Fault fault,
                                               std::optional<int> channel = std::nullopt);

/// The finding for an input that gives no pixels or samples; `what` continues "NAME ...".
[[nodiscard]] qc_metrics::Finding UnreadableFinding(const std::string& name,
                                                    const std::string& what);

}  // namespace monitor::measurement
