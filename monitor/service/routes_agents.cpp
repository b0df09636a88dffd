#include "monitor/service/agent_register.h"
#include "monitor/service/routes.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kLongestInbox = 1000;

std::string AgentName(const Exchange& exchange) {
  const std::string& subject = exchange.who.value().subject;
  const std::string name = AgentNameOf(subject);
  return name.empty() ? subject : name;
}

/// The address and the body must speak of the same agent.
Json BodyAbout(Exchange& exchange) {
  Json body = exchange.JsonBody();
  const std::string& agent = exchange.path["agent"];
  if (body.value("agent", Json(agent)) != agent) {
    throw Problem(400, "path_mismatch", "\"agent\" in the body is not the one in the address.");
  }
  body["agent"] = agent;
  return body;
}

Reply RotateKey(Services& services, Exchange& exchange) {
  const std::string name = AgentNameOf(exchange.who.value().subject);
  return CommandReply(201, services.record.RotateAgentKey(BodyAbout(exchange), name));
}

Reply Agents(Services& services, Exchange& exchange) {
  Json answer = services.record.Agents(exchange.AsOf());
  const auto seen = services.contacts.LastSeen();
  for (Json& agent : answer["items"]) {
    const auto last = seen.find(agent.at("agent").get<std::string>());
    agent["last_seen"] = last == seen.end() ? Json() : Json(last->second);
  }
  return JsonReply(answer);
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

void AddKeys(Router& router, Services& services) {
  router.Add({.method = "POST",
              .pattern = "/api/v1/agents/enrolments",
              .right = "agent.enrol",
              .summary = "Makes a one-time code for an agent; it is shown this once.",
              .body_schema = "EnrolmentOrder",
              .answers = {{"application/json", "Enrolment"}},
              .refusals = {422},
              .handle = [&services](Exchange& exchange) {
                return CommandReply(201, services.record.OpenEnrolment(
                                             exchange.JsonBody(), exchange.who.value().subject));
              }});
  router.Add({.method = "POST",
              .pattern = "/api/v1/agents/enrol",
              .right = kAnyone,
              .summary = "Takes an agent's public key for a one-time code and gives its token.",
              .body_schema = "Enrol",
              .answers = {{"application/json", "Enrolled"}},
              .refusals = {403, 422},
              .handle = [&services](Exchange& exchange) {
                return CommandReply(201, services.record.EnrolAgent(exchange.JsonBody()));
              }});
  router.Add({.method = "POST",
              .pattern = "/api/v1/agents/{agent}/key",
              .right = "inbox.report",
              .summary = "Replaces an agent's key; the new one is signed by the old one.",
              .body_schema = "KeyRotation",
              .answers = {{"application/json", "KeyRotated"}},
              .refusals = {404, 422},
              .handle = [&services](Exchange& exchange) { return RotateKey(services, exchange); }});
  router.Add({.method = "POST",
              .pattern = "/api/v1/agents/{agent}/revoke",
              .right = "agent.enrol",
              .summary = "Takes nothing from an agent any more; what it submitted stays valid.",
              .body_schema = "Command",
              .answers = {{"application/json", "Appended"}},
              .refusals = {404, 409, 422},
              .handle = [&services](Exchange& exchange) {
                return CommandReply(201, services.record.RevokeAgent(BodyAbout(exchange),
                                                                     exchange.who.value().subject));
              }});
}

}  // namespace

void AddAgentRoutes(Router& router, Services& services) {
  AddKeys(router, services);
  router.Add({.method = "GET",
              .pattern = "/api/v1/agents",
              .right = "register.read",
              .summary = "The enrolled agents, their instruments and keys.",
              .query = {AsOfParameter()},
              .answers = {{"application/json", "Agents"}},
              .handle = [&services](Exchange& exchange) { return Agents(services, exchange); }});
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
