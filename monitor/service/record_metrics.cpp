#include "monitor/service/evidence.h"
#include "monitor/service/record.h"
#include "monitor/service/record_impl.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;

Json Quantities(const sop::store::Reader& tables, const std::string& measurement) {
  Json quantities = Json::array();
  for (const auto& row : tables.Quantities(measurement)) {
    const Json body = Json::parse(row.body);
    Json quantity;
    for (const char* name :
         {"id", "definition", "channel", "channel_name", "of", "value", "u", "limit"}) {
      if (body.contains(name)) quantity[name] = body[name];
    }
    quantities.push_back(std::move(quantity));
  }
  return quantities;
}

Json LatestAsFound(const sop::store::Reader& tables, const Evidence& evidence,
                   const Assignment& assignment) {
  const auto row = evidence.LatestAsFound(assignment);
  if (!row) return nullptr;
  return {{"instrument", row->instrument},
          {"configuration", row->configuration},
          {"procedure", row->procedure},
          {"acquired_at", row->acquired_at},
          {"quantities", Quantities(tables, row->key)}};
}

}  // namespace

Json QualityRecord::MetricsSnapshot() const {
  const View view = impl_->Look(std::nullopt);
  const auto state = impl_->State(view);
  const Evidence evidence(*state, *view.tables, view.at, view.instant());
  Json measurements = Json::array();
  Json procedures = Json::array();
  for (const Assignment& assignment : state->assignments) {
    Json latest = LatestAsFound(*view.tables, evidence, assignment);
    if (!latest.is_null()) measurements.push_back(std::move(latest));
    Json procedure = {{"instrument", assignment.instrument},
                      {"configuration", assignment.configuration},
                      {"procedure", assignment.procedure}};
    if (const auto due = DueOf(evidence, assignment).due) {
      procedure["due"] = TimeText(*due);
    }
    procedures.push_back(std::move(procedure));
  }
  const sop::FitnessQuery query{view.instant(), view.instant(), view.instant(), state->time_zone};
  Json fitness = Json::array();
  for (const auto& [subject, body] : state->configurations) {
    for (const auto& [profile, described] : state->profiles) {
      fitness.push_back(
          {{"instrument", body.at("instrument")},
           {"configuration", body.at("id")},
           {"profile", profile},
           {"verdict", sop::Name(FitnessOf(evidence, subject, profile, query).verdict)}});
    }
  }
  return {{"journal_events", view.at},
          {"anchored_at", LastAnchoredAt().value_or("")},
          {"measurements", std::move(measurements)},
          {"fitness", std::move(fitness)},
          {"procedures", std::move(procedures)}};
}

}  // namespace monitor::service
