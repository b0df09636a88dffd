#include "monitor/service/access_log.h"
#include "monitor/service/routes.h"

namespace monitor::service {
namespace {

constexpr int kPage = 100;
constexpr int kLongestPage = 500;

Reply Read(Services& services, const Exchange& exchange) {
  const int limit = exchange.Count("limit", kPage);
  if (limit < 1 || limit > kLongestPage) {
    throw Problem(400, "bad_parameter", "\"limit\" lies between 1 and 500.");
  }
  return CommandReply(200, services.record.access_log().Read({.subject = exchange.Query("subject"),
                                                              .from = exchange.Query("from"),
                                                              .to = exchange.Query("to"),
                                                              .cursor = exchange.Query("cursor"),
                                                              .limit = limit}));
}

}  // namespace

void AddAccessLogRoutes(Router& router, Services& services) {
  constexpr auto kTime = Parameter::Kind::kTime;
  router.Add({.method = "GET",
              .pattern = "/api/v1/access-log",
              .right = "access_log.read",
              .summary = "Who asked for what: refusals, writes, and what auditors read.",
              .query = {{"subject", "Only of this account or agent."},
                        {"from", "At or after.", kTime},
                        {"to", "Before.", kTime},
                        CursorParameter(),
                        LimitParameter()},
              .answers = {{"application/json", "List"}},
              .handle = [&services](Exchange& exchange) { return Read(services, exchange); }});
}

}  // namespace monitor::service
