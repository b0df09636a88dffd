#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "monitor/service/submission.h"
#include "monitor/service/time_text.h"
#include "sop/store/store.h"

namespace monitor::service {

/// What judges a measurement: the versions in force when it was acquired, as recorded by now. A
/// measurement from before the first version is judged by the first.
struct JudgingFacts {
  nlohmann::json procedure;
  nlohmann::json configuration;
  nlohmann::json limit_set;     ///< null without
  nlohmann::json repeat_study;  ///< null without
  nlohmann::json scale;         ///< null without
};

/// Digest of a configuration's body: a result counts for the configuration that it was made on.
[[nodiscard]] std::string ConfigurationFingerprint(const nlohmann::json& configuration);

/// Errors  Problem 422 `unknown_instrument`, `unknown_configuration`, `unknown_procedure`,
///         `wrong_analysis`.
[[nodiscard]] JudgingFacts FactsFor(const Submission& submission, const sop::store::Reader& tables,
                                    std::int64_t at, Milliseconds acquired);

}  // namespace monitor::service
