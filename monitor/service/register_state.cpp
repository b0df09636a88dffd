#include "monitor/service/register_state.h"

#include <set>

#include "monitor/service/evidence.h"
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

std::vector<Assignment> InForce(const Reader& tables, std::int64_t at) {
  std::vector<Assignment> assignments;
  for (const auto& row : tables.Rows(Table::kAssignment, at)) {
    const Json body = Json::parse(row.body);
    assignments.push_back({body.at("instrument"), body.at("configuration"), body.at("procedure")});
  }
  return assignments;
}

std::set<std::string> Needed(const RegisterState& state) {
  std::set<std::string> procedures;
  for (const auto& [id, profile] : state.profiles) {
    for (const Json& need : profile.at("needs")) procedures.insert(need.at("procedure"));
  }
  return procedures;
}

std::vector<Assignment> Ended(const Reader& tables, std::int64_t at, const RegisterState& state) {
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
      if (tables.Versions(Table::kAssignment, id, at).empty()) continue;
      ended.push_back({instrument, configuration, procedure});
    }
  }
  return ended;
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

std::shared_ptr<const RegisterState> LoadState(const Reader& tables, std::int64_t changed) {
  auto state = std::make_shared<RegisterState>();
  state->changed = changed;
  const std::int64_t at = changed + 1;
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
  state->assignments = InForce(tables, at);
  state->ended = Ended(tables, at, *state);
  return state;
}

DueNow DueOf(const Evidence& evidence, const Assignment& assignment) {
  const std::string& zone = evidence.state().time_zone;
  const sop::AssignmentEvidence known = evidence.For(assignment);
  const sop::DueState due = sop::Due(known, zone);
  const sop::Instant now = evidence.now();
  DueNow answer;
  if (due.due) answer.due = sop::BeginOfDay(*due.due, zone);
  answer.overdue_from = due.overdue_from;
  if (known.history.empty()) {
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
