#include "monitor/service/register_state.h"

#include <algorithm>

#include "monitor/service/projection.h"
#include "sop/journal/canonical_json.h"

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
  return decided;
}

std::vector<Assignment> LoadAssignments(const Reader& tables, std::int64_t at) {
  std::map<std::string, bool> reviewed;
  for (const auto& row : tables.Rows(Table::kReview, at)) reviewed[row.id] = true;
  std::vector<Assignment> assignments;
  for (const auto& row : tables.Rows(Table::kAssignment, at)) {
    const Json body = Json::parse(row.body);
    Assignment assignment{
        body.at("instrument"), body.at("configuration"), body.at("procedure"), {}, {}};
    for (auto& measurement : tables.History(assignment.instrument, assignment.configuration,
                                            assignment.procedure, at)) {
      if (measurement.purpose == "practice") continue;
      assignment.decided.push_back(Decided(measurement, reviewed.contains(measurement.key)));
      assignment.measurements.push_back(std::move(measurement));
    }
    assignments.push_back(std::move(assignment));
  }
  return assignments;
}

/// Configurations of an objective are named alone or with their instrument.
bool Names(const std::string& configuration, const std::string& subject) {
  return configuration == subject ||
         configuration == subject.substr(std::min(subject.find('/') + 1, subject.size()));
}

std::optional<sop::Instant> Time(const Json& body, const char* name) {
  if (!body.contains(name)) return std::nullopt;
  const auto time = ParseTime(body[name].get_ref<const std::string&>());
  return time ? std::optional<sop::Instant>(ToSeconds(*time)) : std::nullopt;
}

void AddHolds(const RegisterState& state, const std::string& subject,
              std::vector<sop::StandingReason>& standing) {
  const std::string instrument = subject.substr(0, subject.find('/'));
  for (const auto& [id, hold] : state.holds) {
    if (hold.at("instrument") != instrument) continue;
    if (hold.contains("configuration") && !Names(hold["configuration"], subject)) continue;
    const std::string reason = hold.at("reason");
    standing.push_back(
        {{sop::ReasonCode::kServiceHold, "On hold: " + reason, Time(hold, "from"), id},
         Time(hold, "from"),
         Time(hold, "to")});
  }
}

/// A certificate that has run out takes the verdict with it where the procedure asks for U.
void AddExpiredScale(const RegisterState& state, const std::string& subject,
                     const std::vector<sop::AssignmentEvidence>& evidence,
                     std::vector<sop::StandingReason>& standing) {
  const auto scale = state.scales.find(subject);
  if (scale == state.scales.end()) return;
  const auto until = Time(scale->second, "valid_until");
  const bool used =
      std::any_of(evidence.begin(), evidence.end(), [&](const sop::AssignmentEvidence& assignment) {
        return state.procedures.at(assignment.procedure).at("requires_uncertainty").get<bool>();
      });
  if (!until || !used) return;
  const std::string certificate = scale->second.value("certificate", std::string());
  standing.push_back(
      {{sop::ReasonCode::kReferenceExpired,
        "The scale certificate " + certificate + " has run out.", until, certificate},
       until,
       std::nullopt});
}

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
  state->assignments = LoadAssignments(tables, at);
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

sop::FitnessAnswer FitnessOf(const RegisterState& state, const std::string& subject,
                             const std::string& profile, const sop::FitnessQuery& query) {
  std::vector<sop::AssignmentEvidence> evidence;
  std::vector<sop::StandingReason> standing;
  for (const Json& need : state.profiles.at(profile).at("needs")) {
    const std::string procedure = need.at("procedure");
    const bool named = need.contains("configuration");
    if (named && !Names(need["configuration"], subject)) continue;
    const auto assigned =
        std::find_if(state.assignments.begin(), state.assignments.end(), [&](const Assignment& a) {
          return a.procedure == procedure && SubjectId(a.instrument, a.configuration) == subject;
        });
    if (assigned != state.assignments.end()) {
      evidence.push_back(EvidenceOf(state, *assigned, query.now));
    } else if (named) {
      // The profile asks for it here and nobody plans to do it: no evidence, never in spec.
      standing.push_back({{sop::ReasonCode::kNeverTested,
                           "The profile needs " + procedure + " here and it is not assigned.",
                           std::nullopt, procedure},
                          std::nullopt,
                          std::nullopt});
    }
  }
  if (!evidence.empty() || !standing.empty()) AddHolds(state, subject, standing);
  AddExpiredScale(state, subject, evidence, standing);
  return sop::Fitness(evidence, standing, query);
}

std::vector<std::string> SubjectsOf(const RegisterState& state, const std::string& instrument) {
  std::vector<std::string> subjects;
  for (const auto& [subject, body] : state.configurations) {
    if (body.at("instrument") == instrument) subjects.push_back(subject);
  }
  return subjects;
}

}  // namespace monitor::service
