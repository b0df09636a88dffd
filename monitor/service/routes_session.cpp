#include "monitor/service/people.h"
#include "monitor/service/routes.h"
#include "monitor/service/sign_ins.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;

std::string TextOf(const Json& body, const char* name) {
  const Json value = body.value(name, Json());
  if (!value.is_string()) {
    throw Problem(422, "missing_field", std::string("\"") + name + "\" must be a text.");
  }
  return value.get<std::string>();
}

void RequireOnly(const Json& body, std::size_t members) {
  if (body.size() == members) return;
  throw Problem(422, "unknown_field", "The body has members that are not known here.");
}

}  // namespace

/// Only this host's own pages send it back, no script reads it, and it goes when the browser
/// closes.
std::pair<std::string, std::string> SessionCookie(CookiePolicy policy, const std::string& value) {
  std::string cookie =
      std::string(CookieName(policy)) + "=" + value + "; Path=/; HttpOnly; SameSite=Strict";
  if (policy == CookiePolicy::kSecure) cookie += "; Secure";
  if (value.empty()) cookie += "; Max-Age=0";
  return {"Set-Cookie", cookie};
}

namespace {

Json SessionOf(Services& services, const Exchange& exchange) {
  if (!exchange.who) {
    return {{"subject", nullptr}, {"role", nullptr}, {"over", exchange.stale}};
  }
  const auto& who = *exchange.who;
  Json session = {{"subject", who.subject}, {"role", who.role}, {"rights", who.rights.Names()}};
  const auto account = services.record.people().Find(who.subject);
  if (account) session["name"] = account->name;
  if (exchange.cookie.empty()) return session;
  session["csrf"] = SignIns::CsrfOf(exchange.cookie);
  session["password"] =
      services.record.people().HasInitialPassword(who.subject) ? "initial" : "own";
  return session;
}

Reply SignIn(Services& services, Exchange& exchange, CookiePolicy policy) {
  const Json body = exchange.JsonBody();
  const std::string account = TextOf(body, "account");
  const std::string password = TextOf(body, "password");
  RequireOnly(body, 2);
  auto& sign_ins = services.record.sign_ins();
  if (services.record.people().Find(account)) exchange.named = account;
  exchange.cookie = sign_ins.SignIn(account, password, {exchange.address, exchange.client});
  exchange.who = sign_ins.FromCookie(exchange.cookie);
  Reply reply = CommandReply(201, SessionOf(services, exchange));
  reply.headers.push_back(SessionCookie(policy, exchange.cookie));
  return reply;
}

Reply SignOut(Services& services, Exchange& exchange, CookiePolicy policy) {
  const auto& who = exchange.who.value();
  if (!who.session.empty()) services.record.sign_ins().End(who.subject, who.session);
  Reply reply = CommandReply(200, {{"state", "ended"}});
  reply.headers.push_back(SessionCookie(policy, ""));
  return reply;
}

/// Changing one's password asks for the old one, ends every session, and begins a new one here.
Reply ChangePassword(Services& services, Exchange& exchange, CookiePolicy policy) {
  const Json body = exchange.JsonBody();
  const std::string old_password = TextOf(body, "old_password");
  const std::string password = TextOf(body, "password");
  RequireOnly(body, 2);
  const std::string account = exchange.who.value().subject;
  auto& sign_ins = services.record.sign_ins();
  const SignIns::From from{exchange.address, exchange.client};
  if (sign_ins.Prove(account, old_password, from) == People::PasswordCheck::kWrong) {
    throw Problem(403, "wrong_credentials", "The old password is not the right one.");
  }
  services.record.people().SetPassword(account, password, account);
  Reply reply = CommandReply(200, {{"account", account}, {"password", "own"}});
  if (!exchange.cookie.empty()) {
    reply.headers.push_back(SessionCookie(policy, sign_ins.Begin(account, from)));
  }
  return reply;
}

void AddOwnSessions(Router& router, Services& services) {
  router.Add({.method = "GET",
              .pattern = "/api/v1/account/sessions",
              .right = "account.own",
              .summary = "One's own sessions.",
              .answers = {{"application/json", "List"}},
              .any_instrument = true,
              .handle = [&services](Exchange& exchange) {
                const auto& who = exchange.who.value();
                return CommandReply(200,
                                    services.record.sign_ins().Sessions(who.subject, who.session));
              }});
  router.Add({.method = "POST",
              .pattern = "/api/v1/account/sessions/{id}/end",
              .right = "account.own",
              .summary = "Ends one of one's own sessions.",
              .answers = {{"application/json", "State"}},
              .any_instrument = true,
              .handle = [&services](Exchange& exchange) {
                services.record.sign_ins().End(exchange.who.value().subject, exchange.path["id"]);
                return CommandReply(200, {{"state", "ended"}});
              }});
  router.Add({.method = "POST",
              .pattern = "/api/v1/accounts/{id}/sign-out",
              .right = "account.manage",
              .summary = "Ends all sessions of an account.",
              .answers = {{"application/json", "State"}},
              .handle = [&services](Exchange& exchange) {
                services.record.sign_ins().EndAll(exchange.path["id"]);
                return CommandReply(200, {{"state", "ended"}});
              }});
}

}  // namespace

void AddSessionRoutes(Router& router, Services& services, CookiePolicy policy) {
  router.Add({.method = "GET",
              .pattern = "/api/v1/session",
              .right = kAnyone,
              .summary = "Whom the token or the session of this request belongs to.",
              .answers = {{"application/json", "Session"}},
              .handle = [&services](Exchange& exchange) {
                return CommandReply(200, SessionOf(services, exchange));
              }});
  router.Add({.method = "POST",
              .pattern = "/api/v1/session",
              .right = kAnyone,
              .summary = "Signs in with an account and its password; the answer sets a cookie.",
              .body_schema = "SignIn",
              .answers = {{"application/json", "Session"}},
              .refusals = {401, 422, 429, 503},
              .handle = [&services, policy](Exchange& exchange) {
                return SignIn(services, exchange, policy);
              }});
  router.Add({.method = "POST",
              .pattern = "/api/v1/session/end",
              .right = "account.own",
              .summary = "Signs out.",
              .answers = {{"application/json", "State"}},
              .any_instrument = true,
              .handle = [&services, policy](Exchange& exchange) {
                return SignOut(services, exchange, policy);
              }});
  router.Add({.method = "POST",
              .pattern = "/api/v1/account/password",
              .right = "account.own",
              .summary = "Changes one's own password and ends one's other sessions.",
              .body_schema = "PasswordChange",
              .answers = {{"application/json", "PasswordSet"}},
              .refusals = {422, 429, 503},
              .any_instrument = true,
              .handle = [&services, policy](Exchange& exchange) {
                return ChangePassword(services, exchange, policy);
              }});
  AddOwnSessions(router, services);
}

}  // namespace monitor::service
