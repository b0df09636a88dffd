#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "monitor/service/journal_writer.h"
#include "monitor/service/submission.h"
#include "monitor/service/time_text.h"
#include "sop/store/store.h"

namespace monitor::service {

/// Every version of the register entries that were asked for, in memory until a register changes:
/// measurements come one after the other, and what judges them stays.
/// Threads  the writer's.
class RegisterVersions {
 public:
  struct Version {
    std::int64_t recorded_ms = 0;
    nlohmann::json body;
  };

  /// To be called before asking: forgets what a change has made old, or a batch that failed undone.
  void Follow(JournalWriter::Batch& batch);
  /// Oldest first.
  const std::vector<Version>& Of(sop::store::Table table, const std::string& id);

 private:
  const sop::store::Reader* tables_ = nullptr;
  std::int64_t at_ = 0;
  std::int64_t changed_ = -1;
  std::uint64_t failed_ = 0;
  std::map<std::pair<sop::store::Table, std::string>, std::vector<Version>> known_;
};

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
[[nodiscard]] JudgingFacts FactsFor(const Submission& submission, RegisterVersions& registers,
                                    Milliseconds acquired);

}  // namespace monitor::service
