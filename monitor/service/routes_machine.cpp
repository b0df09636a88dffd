#include "monitor/service/metrics.h"
#include "monitor/service/openapi.h"
#include "monitor/service/routes.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;

Reply Metrics(Services& services) {
  Reply reply;
  reply.media_type = "text/plain; version=0.0.4; charset=utf-8";
  reply.body = MetricsPage({.snapshot = services.record.MetricsSnapshot(),
                            .last_seen = services.contacts.LastSeen(),
                            .requests = services.meter.Rows()});
  return reply;
}

/// Prometheus HTTP service discovery: this service, as the asker reached it.
Reply HttpSd(const Exchange& exchange) {
  Json targets = Json::array();
  if (!exchange.host.empty()) targets.push_back(exchange.host);
  Json group = {{"targets", targets}, {"labels", Json::object()}};
  group["labels"]["__metrics_path__"] = "/metrics";
  Json groups = Json::array();
  groups.push_back(std::move(group));
  return CommandReply(200, groups);
}

}  // namespace

void AddMachineRoutes(Router& router, Services& services) {
  router.Add({.method = "GET",
              .pattern = "/metrics",
              .right = "metrics.read",
              .summary = "Prometheus text exposition of committed state.",
              .answers = {{"text/plain; version=0.0.4; charset=utf-8", ""}},
              .handle = [&services](Exchange&) { return Metrics(services); }});
  router.Add({.method = "GET",
              .pattern = "/healthz",
              .right = kAnyone,
              .summary = "The process answers.",
              .answers = {{"application/json", "State"}},
              .handle = [&services](Exchange&) {
                Json state = {{"state", "alive"}};
                if (services.notes) state["notes"] = services.notes();
                return CommandReply(200, state);
              }});
  router.Add({.method = "GET",
              .pattern = "/readyz",
              .right = kAnyone,
              .summary = "The record can be read.",
              .answers = {{"application/json", "State"}},
              .refusals = {503},
              .handle = [&services](Exchange&) {
                if (services.record.Checkpoint().empty()) {
                  throw Problem(503, "not_ready", "The record has no checkpoint yet; ask again.");
                }
                return CommandReply(200, {{"state", "ready"}});
              }});
  router.Add(
      {.method = "GET",
       .pattern = "/api/v1/openapi.json",
       .right = kAnyone,
       .summary = "This description.",
       .answers = {{"application/json", "OpenApi"}},
       .handle = [&router](Exchange&) { return JsonReply(OpenApiDocument(router.routes())); }});
  router.Add({.method = "GET",
              .pattern = "/api/v1/http_sd",
              .right = "metrics.read",
              .summary = "Prometheus HTTP service discovery.",
              .answers = {{"application/json", "HttpSd"}},
              .handle = [](Exchange& exchange) { return HttpSd(exchange); }});
}

}  // namespace monitor::service
