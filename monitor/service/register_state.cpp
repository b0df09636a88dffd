#include "monitor/service/register_state.h"

#include <set>

#include "monitor/service/judging_facts.h"
#include "monitor/service/projection.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;
using sop::store::Reader;
using sop::store::Table;

std::map<std::string, Json> Bodies(const Reader& tables, Table table, std::int64_t at) {
  std::map<std::string, Json> bodies;
  for (const auto& row : tables.Rows(table, at)) bodies.emplace(row.id, Json::parse(row.body));
  return bodies;
}

sop::DecidedMeasurement Decided(const sop::store::MeasurementRow& row, bool reviewed) {
  const Json body = Json::parse(row.body);
  sop::DecidedMeasurement decided;
  decided.key = row.key;
  decided.acquired_at = ToSeconds(FromMs(row.acquired_ms));
  // An outcome that this program does not know is no evidence of anything good.
  decided.outcome =
      sop::MeasurementOutcomeFrom(row.outcome).value_or(sop::MeasurementOutcome::kUnmeasurable);
  decided.review = reviewed ? sop::Review::kReviewed
                            : sop::ReviewFrom(row.review).value_or(sop::Review::kPending);
  decided.attributed = body.at("attributed");
  decided.uncertainty_incomplete = body.at("uncertainty_incomplete");
  decided.clear_fail = body.at("clear_fail");
  decided.warning = body.at("warning");
  decided.configuration_fingerprint = body.value("configuration_fingerprint", "");
  for (const Json& digest : body.value("raw", Json::array())) {
    decided.raw += digest.get_ref<const std::string&>();
  }
  for (const Json& reason : body.value("review_reasons", Json::array())) {
    decided.doubt += (decided.doubt.empty() ? "" : "; ") + reason.get_ref<const std::string&>();
  }
  return decided;
}

/// Reads assignments as they stood after the first `at` events.
class AssignmentReader {
 public:
  AssignmentReader(const Reader& tables, std::int64_t at) : tables_(tables), at_(at) {
    for (const auto& row : tables.Rows(Table::kReview, at)) reviewed_.insert(row.id);
  }

  [[nodiscard]] std::vector<Assignment> InForce() const {
    std::vector<Assignment> assignments;
    for (const auto& row : tables_.Rows(Table::kAssignment, at_)) {
      const Json body = Json::parse(row.body);
      assignments.push_back(
          Load(body.at("instrument"), body.at("configuration"), body.at("procedure")));
    }
    return assignments;
  }

  [[nodiscard]] std::vector<Assignment> Ended(const RegisterState& state) const {
    std::set<std::string> in_force;
    std::set<std::pair<std::string, std::string>> places;
    for (const Assignment& a : state.assignments) {
      in_force.insert(AssignmentId(a.procedure, SubjectId(a.instrument, a.configuration)));
      places.emplace(a.instrument, a.configuration);
    }
    std::vector<Assignment> ended;
    for (const std::string& procedure : Needed(state)) {
      for (const auto& [instrument, configuration] : places) {
        const std::string id = AssignmentId(procedure, SubjectId(instrument, configuration));
        if (in_force.contains(id)) continue;
        if (tables_.Versions(Table::kAssignment, id, at_).empty()) continue;
        ended.push_back(Load(instrument, configuration, procedure));
      }
    }
    return ended;
  }

 private:
  static std::set<std::string> Needed(const RegisterState& state) {
    std::set<std::string> procedures;
    for (const auto& [id, profile] : state.profiles) {
      for (const Json& need : profile.at("needs")) procedures.insert(need.at("procedure"));
    }
    return procedures;
  }

  [[nodiscard]] Assignment Load(const std::string& instrument, const std::string& configuration,
                                const std::string& procedure) const {
    Assignment assignment{instrument, configuration, procedure, {}, {}};
    for (auto& measurement : tables_.History(instrument, configuration, procedure, at_)) {
      if (measurement.purpose == "practice") continue;
      assignment.decided.push_back(Decided(measurement, reviewed_.contains(measurement.key)));
      assignment.measurements.push_back(std::move(measurement));
    }
    return assignment;
  }

  const Reader& tables_;
  std::int64_t at_;
  std::set<std::string> reviewed_;
};

}  // namespace

sop::Schedule ScheduleOf(const Json& procedure) {
  sop::Schedule schedule;
  schedule.recurrence = procedure.at("recurrence");
  schedule.start = ParseDay(procedure.at("start").get_ref<const std::string&>()).value();
  if (procedure.contains("window_start_d")) schedule.window_start_d = procedure["window_start_d"];
  schedule.window_end_d = procedure.at("window_end_d");
  return schedule;
}

std::shared_ptr<const RegisterState> LoadState(const Reader& tables, std::int64_t at) {
  auto state = std::make_shared<RegisterState>();
  state->at = at;
  if (const auto facility = tables.Row(Table::kFacility, "facility", at)) {
    state->facility = Json::parse(facility->body);
    state->time_zone = state->facility.at("time_zone");
  }
  state->instruments = Bodies(tables, Table::kInstrument, at);
  state->configurations = Bodies(tables, Table::kConfiguration, at);
  state->profiles = Bodies(tables, Table::kProfile, at);
  state->procedures = Bodies(tables, Table::kProcedure, at);
  state->limit_sets = Bodies(tables, Table::kLimitSet, at);
  state->scales = Bodies(tables, Table::kScaleRecord, at);
  for (const auto& row : tables.Rows(Table::kHold, at)) {
    state->holds.emplace_back(row.id, Json::parse(row.body));
  }
  for (const auto& [subject, body] : state->configurations) {
    state->fingerprints.emplace(subject, ConfigurationFingerprint(body));
  }
  const AssignmentReader assignments(tables, at);
  state->assignments = assignments.InForce();
  state->ended = assignments.Ended(*state);
  return state;
}

sop::AssignmentEvidence EvidenceOf(const RegisterState& state, const Assignment& assignment,
                                   sop::Instant now) {
  const Json& procedure = state.procedures.at(assignment.procedure);
  sop::AssignmentEvidence evidence;
  evidence.configuration = assignment.configuration;
  evidence.procedure = assignment.procedure;
  evidence.schedule = ScheduleOf(procedure);
  const auto limits = state.limit_sets.find(assignment.procedure);
  evidence.has_limits = limits != state.limit_sets.end() && !limits->second.at("limits").empty();
  const auto fingerprint =
      state.fingerprints.find(SubjectId(assignment.instrument, assignment.configuration));
  if (fingerprint != state.fingerprints.end()) {
    evidence.configuration_fingerprint = fingerprint->second;
  }
  evidence.suspect_working_days = procedure.at("suspect_working_days");
  for (const auto& decided : assignment.decided) {
    if (decided.acquired_at <= now) evidence.history.push_back(decided);
  }
  return evidence;
}

DueNow DueOf(const RegisterState& state, const Assignment& assignment, sop::Instant now) {
  const sop::AssignmentEvidence evidence = EvidenceOf(state, assignment, now);
  const sop::DueState due = sop::Due(evidence, state.time_zone);
  DueNow answer;
  if (due.due) answer.due = sop::BeginOfDay(*due.due, state.time_zone);
  answer.overdue_from = due.overdue_from;
  if (evidence.history.empty()) {
    answer.state = "never";
  } else if (answer.overdue_from && now >= *answer.overdue_from) {
    answer.state = "overdue";
  } else {
    answer.state = answer.due && now >= *answer.due ? "due" : "current";
  }
  return answer;
}

std::vector<std::string> SubjectsOf(const RegisterState& state, const std::string& instrument) {
  std::vector<std::string> subjects;
  for (const auto& [subject, body] : state.configurations) {
    if (body.at("instrument") == instrument) subjects.push_back(subject);
  }
  return subjects;
}

}  // namespace monitor::service
