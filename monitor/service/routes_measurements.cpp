#include "monitor/service/routes.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;

constexpr int kPage = 50;
constexpr int kLongestPage = 500;

/// Every picture and every archived raw file that is not stored, by name.
std::string MissingBlobs(const BlobStore& blobs, const Json& submission) {
  std::string missing;
  for (const char* list : {"pictures", "raw"}) {
    const Json entries = submission.value(list, Json::array());
    if (!entries.is_array()) throw Problem(422, "bad_submission", "\"raw\" must be a list.");
    for (const Json& entry : entries) {
      const bool kept = std::string_view(list) == "pictures" || entry.value("archived", false);
      const std::string digest = entry.value("sha256", "");
      if (kept && !blobs.Has(digest)) missing += (missing.empty() ? "" : ", ") + digest;
    }
  }
  return missing;
}

Reply Submit(Services& services, Exchange& exchange) {
  const Json submission = exchange.JsonBody();
  std::string missing;
  try {
    missing = MissingBlobs(services.blobs, submission);
  } catch (const Json::exception&) {
    throw Problem(422, "bad_submission", "The submission is not of schema etalon.submission/1.");
  }
  if (!missing.empty()) {
    throw Problem(409, "blob_missing",
                  "Store these first, with PUT /api/v1/blobs/{sha256}: " + missing + ".");
  }
  bool created = false;
  const Json receipt = services.record.Submit(submission, exchange.who.value().subject, &created);
  return CommandReply(created ? 201 : 200, receipt);
}

Reply List(Services& services, Exchange& exchange) {
  const int limit = exchange.Count("limit", kPage);
  if (limit < 1 || limit > kLongestPage) {
    throw Problem(400, "bad_parameter", "\"limit\" lies between 1 and 500.");
  }
  const Json answer =
      services.record.Measurements({.instrument = exchange.Query("instrument"),
                                    .configuration = exchange.Query("configuration"),
                                    .procedure = exchange.Query("procedure"),
                                    .cursor = exchange.Query("cursor"),
                                    .limit = limit},
                                   exchange.AsOf());
  if (!exchange.WantsCsv()) return JsonReply(answer);
  Reply reply = CsvReply(answer.value("items", Json::array()),
                         {"key", "instrument", "configuration", "procedure", "analysis", "purpose",
                          "acquired_at", "received_at", "outcome", "review", "log_index"});
  if (answer.contains("next_cursor") && answer["next_cursor"].is_string()) {
    reply.headers.emplace_back("Etalon-Next-Cursor", answer["next_cursor"].get<std::string>());
  }
  return reply;
}

Reply Series(Services& services, Exchange& exchange) {
  const Json answer = services.record.Series({.subject = exchange.Query("subject"),
                                              .quantity = exchange.Query("quantity"),
                                              .definition = exchange.Query("definition"),
                                              .channel = exchange.Query("channel"),
                                              .from = exchange.Query("from"),
                                              .to = exchange.Query("to"),
                                              .points = exchange.Count("points", 0),
                                              .of = exchange.Query("of")},
                                             exchange.AsOf());
  if (!exchange.WantsCsv()) return JsonReply(answer);
  return CsvReply(answer.value("points", Json::array()), {"t", "value", "u", "U", "lower", "upper",
                                                          "outcome", "measurement", "received_at"});
}

std::function<std::string(const Exchange&)> InstrumentOfMeasurement(Services& services) {
  return [&services](const Exchange& exchange) {
    return services.record.Measurement(exchange.path.at("key"), std::nullopt)
        .value("instrument", std::string());
  };
}

/// A subject is "instrument/configuration".
std::function<std::string(const Exchange&)> InstrumentOfSubject() {
  return [](const Exchange& exchange) {
    const std::string subject = exchange.Query("subject");
    return subject.substr(0, subject.find('/'));
  };
}

void AddSeries(Router& router, Services& services) {
  constexpr auto kTime = Parameter::Kind::kTime;
  router.Add({.method = "GET",
              .pattern = "/api/v1/series",
              .right = "record.read",
              .summary = "A control chart's data: points and the limits in force at each.",
              .query = {{"subject", "\"instrument/configuration\".", Parameter::Kind::kText, true},
                        {"quantity", "A quantity's id.", Parameter::Kind::kText, true},
                        {"definition", "By which formula; the default one when absent."},
                        {"channel", "The channel's number, from 0."},
                        {"of", "Canonical JSON of what the quantity is of."},
                        {"from", "Acquired at or after.", kTime},
                        {"to", "Acquired before.", kTime},
                        {"points", "At most so many points.", Parameter::Kind::kCount},
                        AsOfParameter(),
                        FormatParameter()},
              .answers = {{"application/json", "Series"}, {"text/csv", ""}},
              .refusals = {404},
              .instrument = InstrumentOfSubject(),
              .handle = [&services](Exchange& exchange) { return Series(services, exchange); }});
}

}  // namespace

void AddMeasurementRoutes(Router& router, Services& services) {
  router.Add({.method = "POST",
              .pattern = "/api/v1/measurements",
              .right = "measurement.submit",
              .summary = "Submits a measurement; sending it twice stores it once.",
              .body_schema = "Submission",
              .answers = {{"application/json", "Receipt"}},
              .refusals = {409, 422},
              .instrument = InstrumentInBody(),
              .handle = [&services](Exchange& exchange) { return Submit(services, exchange); }});
  router.Add({.method = "GET",
              .pattern = "/api/v1/measurements",
              .right = "record.read",
              .summary = "Measurements, the latest first.",
              .query = {{"instrument", "Only of this instrument."},
                        {"configuration", "Only of this configuration."},
                        {"procedure", "Only by this procedure."},
                        CursorParameter(),
                        LimitParameter(),
                        AsOfParameter(),
                        FormatParameter()},
              .answers = {{"application/json", "Measurements"}, {"text/csv", ""}},
              .instrument = InstrumentInQuery(),
              .handle = [&services](Exchange& exchange) { return List(services, exchange); }});
  router.Add({.method = "GET",
              .pattern = "/api/v1/measurements/{key}",
              .right = "record.read",
              .summary = "One measurement: what was measured, decided, and the proof of both.",
              .query = {AsOfParameter()},
              .answers = {{"application/json", "MeasurementDetail"}},
              .refusals = {404},
              .instrument = InstrumentOfMeasurement(services),
              .handle = [&services](Exchange& exchange) {
                return JsonReply(
                    services.record.Measurement(exchange.path["key"], exchange.AsOf()));
              }});
  AddSeries(router, services);
}

}  // namespace monitor::service
