#include "monitor/service/routes.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;

/// One row an instrument and profile, as a spreadsheet wants it.
Json FlatInstruments(const Json& answer) {
  Json rows = Json::array();
  for (const Json& item : answer.value("items", Json::array())) {
    Json row = item;
    const Json verdicts = item.value("verdicts", Json::array());
    if (verdicts.empty()) rows.push_back(row);
    for (const Json& verdict : verdicts) {
      for (const char* key : {"profile", "configuration", "verdict", "valid_until"}) {
        row[key] = verdict.value(key, Json());
      }
      rows.push_back(row);
    }
  }
  return rows;
}

void AddInstruments(Router& router, Services& services) {
  router.Add({.method = "GET",
              .pattern = "/api/v1/instruments",
              .right = "register.read",
              .summary = "All instruments with their verdicts.",
              .query = {AsOfParameter(), FormatParameter()},
              .answers = {{"application/json", "Instruments"}, {"text/csv", ""}},
              .handle = [&services](Exchange& exchange) {
                const Json answer = services.record.Instruments(exchange.AsOf());
                if (!exchange.WantsCsv()) return JsonReply(answer);
                return CsvReply(
                    FlatInstruments(answer),
                    {"id", "name", "place", "technique", "responsible", "profile", "configuration",
                     "verdict", "valid_until", "last_measured_at", "next_due"});
              }});
  router.Add({.method = "GET",
              .pattern = "/api/v1/instruments/{id}",
              .right = "register.read",
              .summary = "One instrument: configurations, latest quantities, measurements.",
              .query = {AsOfParameter()},
              .answers = {{"application/json", "Instrument"}},
              .refusals = {404},
              .instrument = InstrumentInPath("id"),
              .handle = [&services](Exchange& exchange) {
                return JsonReply(services.record.Instrument(exchange.path["id"], exchange.AsOf()));
              }});
  router.Add({.method = "GET",
              .pattern = "/api/v1/configurations/{id}",
              .right = "register.read",
              .summary = "One configuration; name the instrument where two share the id.",
              .query = {{"instrument", "The instrument's id."}, AsOfParameter()},
              .answers = {{"application/json", "Configuration"}},
              .refusals = {404, 409},
              .instrument = InstrumentInQuery(),
              .handle = [&services](Exchange& exchange) {
                return JsonReply(services.record.Configuration(
                    exchange.Query("instrument"), exchange.path["id"], exchange.AsOf()));
              }});
}

using Question = Json (QualityRecord::*)(const QualityRecord::AsOf&) const;

void AddQuestion(Router& router, Services& services, const char* pattern, const char* summary,
                 Question question) {
  router.Add({.method = "GET",
              .pattern = pattern,
              .right = "register.read",
              .summary = summary,
              .query = {AsOfParameter()},
              .answers = {{"application/json", "List"}},
              .handle = [&services, question](Exchange& exchange) {
                return JsonReply((services.record.*question)(exchange.AsOf()));
              }});
}

}  // namespace

void AddRegisterRoutes(Router& router, Services& services) {
  AddInstruments(router, services);
  AddQuestion(router, services, "/api/v1/procedures", "Procedures in force.",
              &QualityRecord::Procedures);
  AddQuestion(router, services, "/api/v1/limits", "Limit sets in force.", &QualityRecord::Limits);
  AddQuestion(router, services, "/api/v1/schedule", "What is due, and when.",
              &QualityRecord::Schedule);
}

}  // namespace monitor::service
