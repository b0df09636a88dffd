#include "monitor/service/people.h"
#include "monitor/service/routes.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;

const std::string& Actor(const Exchange& exchange) { return exchange.who.value().subject; }

/// The address names the account; the body may say the rest.
Json BodyOf(const Exchange& exchange, const char* field) {
  Json body = exchange.JsonBody();
  if (body.contains(field)) {
    throw Problem(422, "unknown_field",
                  std::string("\"") + field + "\" stands in the address, not in the body.");
  }
  body[field] = exchange.path.at("id");
  return body;
}

/// Nobody hands on more than they hold, except those who manage accounts.
void RequireMayGrant(Services& services, const Exchange& exchange, const Json& body) {
  const auto& rights = exchange.who.value().rights;
  if (rights.Holds("account.manage")) return;
  const Json role = body.value("role", Json());
  if (!role.is_string()) return;  // the record's own check says what is wrong
  const auto given = services.record.people().RightsOfRole(role.get<std::string>());
  for (const std::string& right : given.Names()) {
    if (rights.Holds(right)) continue;
    throw Problem(403, "not_allowed",
                  "The role " + role.get<std::string>() + " gives the right " + right + ", which " +
                      Actor(exchange) + " does not hold and so cannot hand on.");
  }
}

Reply Append(Services& services, const Exchange& exchange, const char* event, const Json& body) {
  return CommandReply(201, services.record.Command(event, body, Actor(exchange)));
}

Reply Grant(Services& services, const Exchange& exchange, const char* event) {
  const Json body = BodyOf(exchange, "account");
  RequireMayGrant(services, exchange, body);
  return Append(services, exchange, event, body);
}

Reply Close(Services& services, const Exchange& exchange) {
  Reply reply = Append(services, exchange, "account_closed", BodyOf(exchange, "id"));
  services.record.people().ForgetSecrets(exchange.path.at("id"));
  return reply;
}

Reply SetPassword(Services& services, const Exchange& exchange) {
  const Json body = exchange.JsonBody();
  const Json password = body.value("password", Json());
  if (body.size() != 1 || !password.is_string()) {
    throw Problem(422, "wrong_value", "Send {\"password\": \"...\"}: an initial password.");
  }
  services.record.people().SetPassword(exchange.path.at("id"), password.get<std::string>(),
                                       Actor(exchange));
  return CommandReply(200, {{"account", exchange.path.at("id")}, {"password", "initial"}});
}

using Handling = Reply (*)(Services&, const Exchange&);

struct Write {
  const char* pattern;
  const char* right;
  const char* summary;
  const char* answer;
  Handling handle;
};

constexpr Write kWrites[] = {
    {"/api/v1/accounts", "account.manage", "Makes an account of a person or a system.", "Appended",
     [](Services& services, const Exchange& exchange) {
       return Append(services, exchange, "account_created", exchange.JsonBody());
     }},
    {"/api/v1/accounts/{id}", "account.manage", "Changes an account's name.", "Appended",
     [](Services& services, const Exchange& exchange) {
       return Append(services, exchange, "account_changed", BodyOf(exchange, "id"));
     }},
    {"/api/v1/accounts/{id}/close", "account.manage",
     "Closes an account for good; its name stays in the record.", "Appended", Close},
    {"/api/v1/accounts/{id}/password", "account.manage",
     "Sets an initial password, which opens nothing but its own change.", "PasswordSet",
     SetPassword},
    {"/api/v1/accounts/{id}/roles", "role.grant",
     "Grants a role, until a time and on one instrument where that is said.", "Appended",
     [](Services& services, const Exchange& exchange) {
       return Grant(services, exchange, "role_granted");
     }},
    {"/api/v1/accounts/{id}/roles/revoke", "role.grant", "Revokes a role.", "Appended",
     [](Services& services, const Exchange& exchange) {
       return Grant(services, exchange, "role_revoked");
     }},
    {"/api/v1/roles", "role.define", "Defines or changes a role.", "Appended",
     [](Services& services, const Exchange& exchange) {
       return Append(services, exchange, "role_defined", exchange.JsonBody());
     }},
};

}  // namespace

void AddAccountRoutes(Router& router, Services& services) {
  for (const Write& write : kWrites) {
    router.Add({.method = "POST",
                .pattern = write.pattern,
                .right = write.right,
                .summary = write.summary,
                .body_schema = "Command",
                .answers = {{"application/json", write.answer}},
                .refusals = {404, 409, 422},
                .handle = [&services, handle = write.handle](Exchange& exchange) {
                  return handle(services, exchange);
                }});
  }
  router.Add({.method = "GET",
              .pattern = "/api/v1/accounts",
              .right = "account.read",
              .summary = "Accounts and the roles that they hold.",
              .answers = {{"application/json", "List"}},
              .handle = [&services](Exchange&) {
                return CommandReply(200, services.record.people().Accounts());
              }});
  router.Add({.method = "GET",
              .pattern = "/api/v1/roles",
              .right = "account.read",
              .summary = "Roles in force, and every right there is.",
              .answers = {{"application/json", "List"}},
              .handle = [&services](Exchange&) {
                return CommandReply(200, services.record.people().Roles());
              }});
}

}  // namespace monitor::service
