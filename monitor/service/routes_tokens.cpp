#include "monitor/service/command_rules.h"
#include "monitor/service/people.h"
#include "monitor/service/routes.h"
#include "monitor/service/sign_ins.h"
#include "monitor/service/time_text.h"
#include "sop/shape.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;

constexpr auto kUsualLife = std::chrono::days(90);
constexpr auto kLongestLife = std::chrono::days(366);

/// Whose tokens: one's own, or, for those who manage accounts, those of a system.
std::string OwnerOf(Services& services, const Exchange& exchange, const std::string& named) {
  const auto& who = exchange.who.value();
  if (named.empty() || named == who.subject) return who.subject;
  const auto account = services.record.people().Find(named);
  if (!account || account->closed) throw Problem(404, "unknown_account", "No such open account.");
  if (!who.rights.Holds("account.manage") || account->kind != "system") {
    throw Problem(403, "not_allowed",
                  "Tokens of others are made for systems only, by those who manage accounts.");
  }
  return named;
}

const sop::Shape& TokenShape() {
  using Kind = sop::Member::Kind;
  static const sop::Shape kShape{{{"name", Kind::kText, true},
                                  {"rights", Kind::kIds, true},
                                  {"account", Kind::kId},
                                  {"expires_at", Kind::kTime}}};
  return kShape;
}

Milliseconds ExpiryOf(const Json& body, Milliseconds now) {
  if (!body.contains("expires_at")) return now + kUsualLife;
  const auto expires = ParseTime(body["expires_at"].get_ref<const std::string&>()).value();
  if (expires > now && expires <= now + kLongestLife) return expires;
  throw Problem(422, "wrong_value", "expires_at must lie ahead, within 366 days.");
}

Reply Make(Services& services, const Exchange& exchange) {
  const Json body = exchange.JsonBody();
  CheckShape(TokenShape(), body, "");
  const std::string owner = OwnerOf(services, exchange, body.value("account", ""));
  if (!services.record.people().IsOpen(owner)) {
    throw Problem(422, "missing_field", "Say whose: \"account\" must be one of a system.");
  }
  const SignIns::NewToken token{owner, body.at("name"),
                                body.at("rights").get<std::vector<std::string>>(),
                                ExpiryOf(body, services.clock())};
  return CommandReply(201,
                      services.record.sign_ins().MakeToken(token, exchange.who.value().subject));
}

Reply Revoke(Services& services, const Exchange& exchange) {
  const Json body = exchange.JsonBody();
  const std::string owner = OwnerOf(services, exchange, body.value("account", ""));
  services.record.sign_ins().RevokeToken(owner, exchange.path.at("id"),
                                         exchange.who.value().subject);
  return CommandReply(200, {{"state", "revoked"}});
}

}  // namespace

void AddTokenRoutes(Router& router, Services& services) {
  router.Add({.method = "GET",
              .pattern = "/api/v1/tokens",
              .right = "account.own",
              .summary = "One's own API tokens, or those of a system; never the tokens themselves.",
              .query = {{"account", "Whose; one's own when absent."}},
              .answers = {{"application/json", "List"}},
              .refusals = {404},
              .any_instrument = true,
              .handle = [&services](Exchange& exchange) {
                const std::string owner = OwnerOf(services, exchange, exchange.Query("account"));
                return CommandReply(200, services.record.sign_ins().Tokens(owner));
              }});
  router.Add({.method = "POST",
              .pattern = "/api/v1/tokens",
              .right = "account.own",
              .summary = "Makes an API token with some of its owner's rights; shown this once.",
              .body_schema = "TokenWish",
              .answers = {{"application/json", "NewToken"}},
              .refusals = {404, 422},
              .any_instrument = true,
              .handle = [&services](Exchange& exchange) { return Make(services, exchange); }});
  router.Add({.method = "POST",
              .pattern = "/api/v1/tokens/{id}/revoke",
              .right = "account.own",
              .summary = "Revokes an API token.",
              .body_schema = "TokenOwner",
              .answers = {{"application/json", "State"}},
              .refusals = {404},
              .any_instrument = true,
              .handle = [&services](Exchange& exchange) { return Revoke(services, exchange); }});
}

}  // namespace monitor::service
