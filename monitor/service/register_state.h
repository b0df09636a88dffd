#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/service/time_text.h"
#include "sop/fitness.h"
#include "sop/store/store.h"

namespace monitor::service {

/// A procedure on a configuration.
struct Assignment {
  std::string instrument, configuration, procedure;
};

/// What the registers said after the event `changed`, in memory, and until they changed again.
///
/// Immutable; questions share it. Entries are the bodies of their events.
struct RegisterState {
  std::int64_t changed = -1;
  nlohmann::json facility;  ///< null until described
  std::string time_zone = "UTC";
  std::map<std::string, nlohmann::json> instruments;     ///< by id
  std::map<std::string, nlohmann::json> configurations;  ///< by "lsm-1/63x-561"
  std::map<std::string, nlohmann::json> profiles;
  std::map<std::string, nlohmann::json> procedures;
  std::map<std::string, nlohmann::json> limit_sets;           ///< by procedure
  std::map<std::string, nlohmann::json> scales;               ///< by "lsm-1/63x-561"
  std::vector<std::pair<std::string, nlohmann::json>> holds;  ///< id and body
  std::vector<Assignment> assignments;                        ///< by id
  /// Those that have ended, of procedures that a profile needs, where others are in force.
  std::vector<Assignment> ended;
  std::map<std::string, std::string> fingerprints;  ///< of configurations, by "lsm-1/63x-561"
};

/// `changed` is what Reader::RegistersChanged says.
[[nodiscard]] std::shared_ptr<const RegisterState> LoadState(const sop::store::Reader& tables,
                                                             std::int64_t changed);

/// The schedule in a procedure's body.
[[nodiscard]] sop::Schedule ScheduleOf(const nlohmann::json& procedure);

class Evidence;

/// The due state of one assignment: "never", "current", "due" or "overdue".
struct DueNow {
  std::string state;
  std::optional<sop::Instant> due;  ///< the begin of the due day
  std::optional<sop::Instant> overdue_from;
};
[[nodiscard]] DueNow DueOf(const Evidence& evidence, const Assignment& assignment);

/// The verdict on one configuration ("lsm-1/63x-561") for one profile.
///
/// A need is met by any assigned procedure that the profile needs and that has the same analysis:
/// of this configuration where the need names it, else of any of the instrument. What nobody is to
/// check is never_tested, and a failure stays one when its assignment ends.
[[nodiscard]] sop::FitnessAnswer FitnessOf(const Evidence& evidence, const std::string& subject,
                                           const std::string& profile,
                                           const sop::FitnessQuery& query);

/// `{"profile","configuration"?,"verdict","reasons":[...],"valid_until","next_due","data_age_s"}`.
[[nodiscard]] nlohmann::json VerdictJson(const sop::FitnessAnswer& answer,
                                         const std::string& profile,
                                         const std::string& configuration, sop::Instant now);

/// The verdict of each profile on an instrument: the worst of its configurations'.
[[nodiscard]] nlohmann::json InstrumentVerdict(const Evidence& evidence,
                                               const std::string& instrument,
                                               const std::string& profile,
                                               const sop::FitnessQuery& query);

/// Ids of the instrument's configurations, "lsm-1/63x-561".
[[nodiscard]] std::vector<std::string> SubjectsOf(const RegisterState& state,
                                                  const std::string& instrument);

}  // namespace monitor::service
