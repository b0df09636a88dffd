#include <algorithm>

#include "monitor/service/badge.h"
#include "monitor/service/routes.h"
#include "monitor/service/time_text.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kLargestBatch = 500;

Json One(Services& services, const Json& query, const QualityRecord::AsOf& as_of) {
  QualityRecord::FitnessRequest request;
  const std::map<std::string, std::string*> fields = {{"instrument", &request.instrument},
                                                      {"configuration", &request.configuration},
                                                      {"profile", &request.profile},
                                                      {"from", &request.from},
                                                      {"to", &request.to}};
  if (!query.is_object()) throw Problem(400, "bad_query", "Each query is a JSON object.");
  for (const auto& [key, value] : query.items()) {
    const auto field = fields.find(key);
    if (field == fields.end()) {
      throw Problem(400, "unknown_field", "A fitness query has no field \"" + key + "\".");
    }
    if (!value.is_string()) {
      throw Problem(400, "bad_query", "\"" + key + "\" must be a text.");
    }
    *field->second = value.get<std::string>();
  }
  if (request.instrument.empty()) throw Problem(400, "bad_query", "Say \"instrument\".");
  return services.record.Fitness(request, as_of);
}

/// Answers in the order of the queries; one that cannot be answered says so in its place, so that a
/// page of forty instruments does not go dark over one.
Reply Batch(Services& services, Exchange& exchange) {
  const Json body = exchange.JsonBody();
  const Json queries = body.value("queries", Json());
  if (body.size() != 1 || !queries.is_array() || queries.size() > kLargestBatch) {
    throw Problem(400, "bad_query", "Send {\"queries\": [...]} with at most 500 queries.");
  }
  Json items = Json::array();
  for (const Json& query : queries) {
    try {
      items.push_back(One(services, query, exchange.AsOf()));
    } catch (const Problem& problem) {
      items.push_back(Json{{"problem", Json::parse(ProblemReply(problem).body)}});
    }
  }
  return CommandReply(200, {{"items", std::move(items)}});
}

Json PublicRow(const Json& instrument) {
  const PublicState state = Summarise(instrument.value("verdicts", Json::array()));
  return {{"instrument", instrument.value("id", "")},
          {"name", instrument.value("name", Json())},
          {"verdict", state.verdict},
          {"word", WordOf(state.verdict)},
          {"valid_until", state.valid_until.empty() ? Json() : Json(state.valid_until)},
          {"badge", "/badge/" + instrument.value("id", "") + ".svg"}};
}

/// The verdicts that a badge is about. Those of an instrument name only their worst configuration,
/// so that one configuration is asked for itself.
Json VerdictsOf(Services& services, Exchange& exchange, const Json& instrument) {
  const std::string configuration = exchange.Query("configuration");
  const Json all =
      configuration.empty()
          ? instrument.value("verdicts", Json::array())
          : services.record.Configuration(exchange.path["instrument"], configuration, std::nullopt)
                .value("verdicts", Json::array());
  const std::string profile = exchange.Query("profile");
  Json verdicts = Json::array();
  for (const Json& verdict : all) {
    if (profile.empty() || verdict.value("profile", Json()) == Json(profile)) {
      verdicts.push_back(verdict);
    }
  }
  return verdicts;
}

Reply Badge(Services& services, Exchange& exchange) {
  const Json instrument = services.record.Instrument(exchange.path["instrument"], std::nullopt);
  const Json verdicts = VerdictsOf(services, exchange, instrument);
  const PublicState state = Summarise(verdicts);
  const std::string today = TimeText(services.clock()).substr(0, 10);
  const Json name = instrument.value("name", Json());
  Reply reply;
  reply.media_type = "image/svg+xml";
  reply.body = BadgeSvg(name.is_string() ? name.get<std::string>() : exchange.path["instrument"],
                        state.verdict, today, state.valid_until.substr(0, 10));
  reply.etag = EntityTag(reply.body);
  reply.cache_control = "public, max-age=60";
  return reply;
}

void AddStatus(Router& router, Services& services) {
  router.Add(
      {.method = "GET",
       .pattern = "/status",
       .right = "status.read",
       .summary = "What the public may know: verdict, date, validity.",
       .answers = {{"application/json", "Status"}},
       .handle = [&services](Exchange&) {
         const Json all = services.record.Instruments(std::nullopt);
         Json items = Json::array();
         for (const Json& item : all.value("items", Json::array())) {
           items.push_back(PublicRow(item));
         }
         return JsonReply({{"as_of", TimeText(services.clock())}, {"items", std::move(items)}});
       }});
  router.Add({.method = "GET",
              .pattern = "/status/{instrument}",
              .right = "status.read",
              .summary = "The public state of one instrument.",
              .answers = {{"application/json", "StatusRow"}},
              .refusals = {404},
              .instrument = InstrumentInPath("instrument"),
              .handle = [&services](Exchange& exchange) {
                Json row = PublicRow(
                    services.record.Instrument(exchange.path["instrument"], std::nullopt));
                row["as_of"] = TimeText(services.clock());
                return JsonReply(row);
              }});
  router.Add(
      {.method = "GET",
       .pattern = "/badge/{instrument}.svg",
       .right = "status.read",
       .summary = "A dated badge: word, shape and colour of the worst verdict.",
       .query = {{"profile", "Only this profile."}, {"configuration", "Only this configuration."}},
       .answers = {{"image/svg+xml", ""}},
       .refusals = {404},
       .instrument = InstrumentInPath("instrument"),
       .handle = [&services](Exchange& exchange) { return Badge(services, exchange); }});
}

}  // namespace

void AddFitnessRoutes(Router& router, Services& services) {
  constexpr auto kTime = Parameter::Kind::kTime;
  router.Add({.method = "GET",
              .pattern = "/api/v1/fitness",
              .right = "fitness.read",
              .summary = "Is it fit for this profile in this slot? The verdict is in the body.",
              .query = {{"instrument", "The instrument's id.", Parameter::Kind::kText, true},
                        {"configuration", "Only this configuration."},
                        {"profile", "For this profile.", Parameter::Kind::kText, true},
                        {"from", "The slot begins.", kTime},
                        {"to", "The slot ends.", kTime},
                        AsOfParameter()},
              .answers = {{"application/json", "Fitness"}},
              .refusals = {404},
              .instrument = InstrumentInQuery(),
              .handle = [&services](Exchange& exchange) {
                Json query = exchange.query;
                query.erase("as_of");
                return JsonReply(One(services, query, exchange.AsOf()));
              }});
  router.Add({.method = "POST",
              .pattern = "/api/v1/fitness",
              .right = "fitness.read",
              .summary = "Many fitness questions at once; it reads only.",
              .query = {AsOfParameter()},
              .body_schema = "FitnessBatch",
              .answers = {{"application/json", "FitnessBatchAnswer"}},
              .handle = [&services](Exchange& exchange) { return Batch(services, exchange); }});
  AddStatus(router, services);
}

}  // namespace monitor::service
