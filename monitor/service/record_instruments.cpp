#include <algorithm>

#include "monitor/service/evidence.h"
#include "monitor/service/projection.h"
#include "monitor/service/record.h"
#include "monitor/service/record_impl.h"
#include "qc_metrics/catalogue.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;
using sop::store::MeasurementRow;

constexpr int kLatestMeasurements = 30;

Json TimeOrNull(const std::optional<sop::Instant>& time) {
  return time ? Json(TimeText(*time)) : Json(nullptr);
}

sop::FitnessQuery AskedNow(const Evidence& evidence) {
  const sop::Instant now = evidence.now();
  return {now, now, now, evidence.state().time_zone};
}

Json ProfileList(const RegisterState& state) {
  Json profiles = Json::array();
  for (const auto& [id, body] : state.profiles) {
    profiles.push_back({{"id", id}, {"name", body.at("name")}});
  }
  return profiles;
}

Json InstrumentItem(const Evidence& evidence, const std::string& id) {
  const RegisterState& state = evidence.state();
  const Json& body = state.instruments.at(id);
  Json item = {{"id", id}, {"name", body.at("name")}, {"verdicts", Json::array()}};
  for (const char* name : {"place", "technique", "responsible"}) {
    item[name] = body.value(name, Json());
  }
  std::optional<sop::Instant> next_due;
  std::int64_t last_ms = INT64_MIN;
  for (const Assignment& assignment : state.assignments) {
    if (assignment.instrument != id) continue;
    const DueNow due = DueOf(evidence, assignment);
    if (due.due && (!next_due || *due.due < *next_due)) next_due = due.due;
    if (const auto& latest = evidence.Of(assignment).latest) {
      last_ms = std::max(last_ms, latest->acquired_ms);
    }
  }
  item["next_due"] = TimeOrNull(next_due);
  item["last_measured_at"] = last_ms == INT64_MIN ? Json() : Json(TimeText(FromMs(last_ms)));
  for (const auto& [profile, described] : state.profiles) {
    item["verdicts"].push_back(InstrumentVerdict(evidence, id, profile, AskedNow(evidence)));
  }
  return item;
}

Json AssignmentItem(const Evidence& evidence, const Assignment& assignment) {
  const Json& procedure = evidence.state().procedures.at(assignment.procedure);
  const DueNow due = DueOf(evidence, assignment);
  const auto& latest = evidence.Of(assignment).latest;
  return {{"procedure", assignment.procedure},
          {"version", procedure.at("version")},
          {"title", procedure.at("title")},
          {"analysis", procedure.at("analysis")},
          {"due", TimeOrNull(due.due)},
          {"overdue_from", TimeOrNull(due.overdue_from)},
          {"state", due.state},
          {"last_measurement", latest ? Json(latest->key) : Json(nullptr)}};
}

/// A decided quantity as pages list it: with its name, expanded uncertainty and what judged it.
Json QuantityItem(const sop::store::QuantityRow& row, const MeasurementRow& measurement) {
  const Json body = Json::parse(row.body);
  const auto* entry = qc_metrics::FindQuantity(row.quantity);
  Json item = {{"quantity", row.quantity},
               {"name", entry ? std::string(entry->name) : row.quantity},
               {"definition", row.definition},
               {"measurement", row.measurement},
               {"acquired_at", measurement.acquired_at},
               {"judges", body.contains("limit")}};
  for (const char* name : {"channel", "channel_name", "of", "value", "u", "U", "k", "u_parts",
                           "unit", "limit", "outcome", "p_conformance", "acceptance"}) {
    item[name] = body.value(name, Json());
  }
  return item;
}

Json ConfigurationItem(const Evidence& evidence, const sop::store::Reader& tables,
                       const std::string& subject) {
  const RegisterState& state = evidence.state();
  const Json& body = state.configurations.at(subject);
  Json item = {{"id", body.at("id")},
               {"name", body.at("name")},
               {"instrument", body.at("instrument")},
               {"modality", body.value("modality", Json())},
               {"subject", subject},
               {"setup", body.value("setup", Json::object())},
               {"verdicts", Json::array()},
               {"procedures", Json::array()},
               {"quantities", Json::array()}};
  for (const auto& [profile, described] : state.profiles) {
    item["verdicts"].push_back(
        VerdictJson(FitnessOf(evidence, subject, profile, AskedNow(evidence)), profile,
                    body.at("id"), evidence.now()));
  }
  for (const Assignment& assignment : state.assignments) {
    if (SubjectId(assignment.instrument, assignment.configuration) != subject) continue;
    item["procedures"].push_back(AssignmentItem(evidence, assignment));
    const auto& latest = evidence.Of(assignment).latest;
    if (!latest) continue;
    for (const auto& row : tables.Quantities(latest->key)) {
      item["quantities"].push_back(QuantityItem(row, *latest));
    }
  }
  return item;
}

Json Bodies(const std::map<std::string, Json>& entries) {
  Json items = Json::array();
  for (const auto& [id, body] : entries) items.push_back(body);
  return items;
}

Json FacilityJson(const RegisterState& state, const std::string& origin) {
  return {{"name", state.facility.is_null() ? Json(origin) : state.facility.at("name")},
          {"time_zone", state.time_zone},
          {"log_origin", origin},
          {"demo", origin.starts_with("demo/")}};
}

}  // namespace

Json QualityRecord::Facility() const {
  const View view = impl_->Look(std::nullopt);
  return FacilityJson(*impl_->State(view), impl_->writer->key().origin);
}

Json QualityRecord::Instruments(const AsOf& as_of) const {
  const View view = impl_->Look(as_of);
  const auto state = impl_->State(view);
  const Evidence evidence(*state, *view.tables, view.at, view.instant());
  Json items = Json::array();
  for (const auto& [id, body] : state->instruments) {
    items.push_back(InstrumentItem(evidence, id));
  }
  return {{"as_of", view.as_of},
          {"facility", FacilityJson(*state, impl_->writer->key().origin)},
          {"profiles", ProfileList(*state)},
          {"items", std::move(items)},
          {"next_cursor", nullptr}};
}

Json QualityRecord::Instrument(std::string_view id, const AsOf& as_of) const {
  const View view = impl_->Look(as_of);
  const auto state = impl_->State(view);
  const std::string name{id};
  RequireFound(state->instruments.contains(name), "unknown_instrument", "instrument " + name);
  const Evidence evidence(*state, *view.tables, view.at, view.instant());
  Json answer = InstrumentItem(evidence, name);
  answer["as_of"] = view.as_of;
  answer["facility"] = FacilityJson(*state, impl_->writer->key().origin);
  answer["profiles"] = ProfileList(*state);
  answer["serial"] = state->instruments.at(name).value("serial", Json());
  answer["configurations"] = Json::array();
  for (const std::string& subject : SubjectsOf(*state, name)) {
    answer["configurations"].push_back(ConfigurationItem(evidence, *view.tables, subject));
  }
  answer["measurements"] = Json::array();
  for (const auto& row : view.tables->Measurements(
           {name, "", "", sop::store::kForever, kLatestMeasurements}, view.at)) {
    answer["measurements"].push_back(MeasurementItem(*view.tables, row, view.at));
  }
  return answer;
}

Json QualityRecord::Configuration(std::string_view instrument, std::string_view id,
                                  const AsOf& as_of) const {
  const View view = impl_->Look(as_of);
  const auto state = impl_->State(view);
  std::vector<std::string> subjects;
  for (const auto& [subject, body] : state->configurations) {
    const bool named = subject == id || body.at("id") == id;
    if (named && (instrument.empty() || body.at("instrument") == instrument)) {
      subjects.push_back(subject);
    }
  }
  RequireFound(!subjects.empty(), "unknown_configuration", "configuration " + std::string(id));
  if (subjects.size() > 1) {
    throw Problem(409, "ambiguous_configuration",
                  std::string(id) + " stands on several instruments; name the instrument too");
  }
  const Evidence evidence(*state, *view.tables, view.at, view.instant());
  Json answer = ConfigurationItem(evidence, *view.tables, subjects.front());
  answer["as_of"] = view.as_of;
  return answer;
}

Json QualityRecord::Procedures(const AsOf& as_of) const {
  const View view = impl_->Look(as_of);
  return {{"as_of", view.as_of},
          {"items", Bodies(impl_->State(view)->procedures)},
          {"next_cursor", nullptr}};
}

Json QualityRecord::Limits(const AsOf& as_of) const {
  const View view = impl_->Look(as_of);
  return {{"as_of", view.as_of},
          {"items", Bodies(impl_->State(view)->limit_sets)},
          {"next_cursor", nullptr}};
}

Json QualityRecord::Schedule(const AsOf& as_of) const {
  const View view = impl_->Look(as_of);
  const auto state = impl_->State(view);
  const Evidence evidence(*state, *view.tables, view.at, view.instant());
  Json items = Json::array();
  for (const Assignment& assignment : state->assignments) {
    Json item = AssignmentItem(evidence, assignment);
    item["instrument"] = assignment.instrument;
    item["configuration"] = assignment.configuration;
    items.push_back(std::move(item));
  }
  return {{"as_of", view.as_of}, {"items", std::move(items)}, {"next_cursor", nullptr}};
}

}  // namespace monitor::service
