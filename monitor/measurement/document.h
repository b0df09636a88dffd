#pragma once

#include <nlohmann/json.hpp>

#include "monitor/measurement/analysis.h"

namespace monitor::measurement {

/// What the child says, as the members of the document that it knows (setup, quantities, objects,
/// findings) and `formats`, `acquired_at`, `measured`, `pictures` beside them.
[[nodiscard]] nlohmann::json OutcomeToJson(const AnalysisOutcome& outcome);

[[nodiscard]] nlohmann::json FindingToJson(const qc_metrics::Finding& finding);

/// The pictures of OutcomeToJson, moved out of it.
[[nodiscard]] std::vector<report::Picture> TakePictures(nlohmann::json& outcome);

}  // namespace monitor::measurement
