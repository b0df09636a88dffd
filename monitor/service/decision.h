#pragma once

#include <nlohmann/json.hpp>

#include "monitor/service/judging_facts.h"
#include "monitor/service/submission.h"

namespace monitor::service {

/// The body of `measurement_decided`, with everything that judged embedded by value.
///
/// `received_index`, `received_at` and `acquired_at_source` are the caller's to add. `raw` are the
/// digests of the inputs; `review_reasons` say in words why a person must look.
[[nodiscard]] nlohmann::json Decide(const Submission& submission, const JudgingFacts& facts,
                                    Milliseconds acquired);

}  // namespace monitor::service
