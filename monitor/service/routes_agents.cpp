#include <algorithm>
#include <string_view>

#include "monitor/service/routes.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kLongestInbox = 1000;
constexpr std::string_view kAgentPrefix = "agent:";

bool IsName(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

std::string AgentName(const Exchange& exchange) {
  const std::string& subject = exchange.who.value().subject;
  return subject.starts_with(kAgentPrefix) ? subject.substr(kAgentPrefix.size()) : subject;
}

Reply Issue(Services& services, Exchange& exchange) {
  const Json body = exchange.JsonBody();
  const Json name = body.value("name", Json());
  if (body.size() != 1 || !name.is_string() || !IsName(name.get<std::string>())) {
    throw Problem(400, "bad_name",
                  "Send {\"name\": \"...\"}: 1 to 64 letters, digits, dots, dashes, underscores.");
  }
  const std::string subject = std::string(kAgentPrefix) + name.get<std::string>();
  return CommandReply(201, {{"name", name},
                            {"subject", subject},
                            {"token", services.record.IssueToken(subject, "agent")}});
}

Reply ReportInbox(Services& services, Exchange& exchange) {
  const Json body = exchange.JsonBody();
  const Json entries = body.value("entries", Json());
  if (!entries.is_array() || entries.size() > kLongestInbox) {
    throw Problem(400, "bad_inbox", "Send {\"entries\": [...]} with at most 1000 entries.");
  }
  services.record.ReportInbox(AgentName(exchange), entries);
  return CommandReply(200, {{"entries", entries.size()}});
}

}  // namespace

void AddAgentRoutes(Router& router, Services& services) {
  router.Add({.method = "POST",
              .pattern = "/api/v1/agents",
              .right = "agent.enrol",
              .summary = "Makes an agent's token; it is shown this once.",
              .body_schema = "AgentName",
              .answers = {{"application/json", "AgentToken"}},
              .handle = [&services](Exchange& exchange) { return Issue(services, exchange); }});
  router.Add(
      {.method = "POST",
       .pattern = "/api/v1/inbox",
       .right = "inbox.report",
       .summary = "Replaces the list of files that wait at an agent.",
       .body_schema = "InboxReport",
       .answers = {{"application/json", "InboxReported"}},
       .handle = [&services](Exchange& exchange) { return ReportInbox(services, exchange); }});
  router.Add({.method = "GET",
              .pattern = "/api/v1/inbox",
              .right = "record.read",
              .summary = "Files that no rule matched and that wait for a person.",
              .answers = {{"application/json", "List"}},
              .handle = [&services](Exchange&) { return JsonReply(services.record.Inbox()); }});
}

}  // namespace monitor::service
