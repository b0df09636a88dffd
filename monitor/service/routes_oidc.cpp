#include "monitor/log/log.h"
#include "monitor/service/oidc.h"
#include "monitor/service/people.h"
#include "monitor/service/routes.h"
#include "monitor/service/sign_in_links.h"
#include "monitor/service/signatures.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;

constexpr const char* kCallback = "/sign-in/callback";

/// The provider sends the browser back from another site, so the cookie that binds the attempt to
/// this browser must be Lax; the session's own stays Strict.
std::pair<std::string, std::string> BrowserCookie(CookiePolicy policy, const std::string& value) {
  std::string cookie = std::string(kSignInCookie) + "=" + value + "; Path=" + kCallback +
                       "; HttpOnly; SameSite=Lax; Max-Age=" + (value.empty() ? "0" : "600");
  if (policy == CookiePolicy::kSecure) cookie += "; Secure";
  return {"Set-Cookie", cookie};
}

Reply GoTo(const std::string& url, CookiePolicy policy, const std::string& browser) {
  Reply reply;
  reply.status = 303;
  reply.media_type = "text/plain; charset=utf-8";
  reply.headers.emplace_back("Location", url);
  reply.headers.push_back(BrowserCookie(policy, browser));
  return reply;
}

/// A page of our own before the next one: a Strict cookie is not sent along a way that began
/// elsewhere.
Reply Page(int status, const std::string& sentence, CookiePolicy policy) {
  Reply reply;
  reply.status = status;
  reply.media_type = "text/html; charset=utf-8";
  const std::string refresh =
      status == 200 ? R"(<meta http-equiv="refresh" content="0; url=/">)" : "";
  reply.body = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">" + refresh +
               "<title>Etalon</title><p>" + sentence + "</p><p><a href=\"/\">Go on</a></p></html>";
  reply.headers.push_back(BrowserCookie(policy, ""));
  return reply;
}

Reply SignedIn(Services& services, Exchange& exchange, const Oidc& oidc, const Oidc::Proven& proven,
               CookiePolicy policy) {
  const auto account = services.record.sign_in_links().AccountOf(proven.issuer, proven.subject,
                                                                 oidc.config().unknown_role);
  if (!account) {
    return Page(403,
                "You are known to your institution, but not here yet. An administrator sees that "
                "you asked and can give you an account.",
                policy);
  }
  exchange.named = *account;
  Reply reply = Page(200, "You are signed in.", policy);
  const std::string cookie =
      services.record.sign_ins().Begin(*account, {exchange.address, exchange.client});
  reply.headers.push_back(SessionCookie(policy, cookie));
  return reply;
}

/// For a signature the same person must have signed in anew as the session belongs to.
Reply ProvedAnew(Services& services, const Oidc::Proven& proven, CookiePolicy policy) {
  const auto account = services.record.sign_in_links().Find(proven.issuer, proven.subject.subject);
  const std::size_t at = proven.session.find(' ');
  if (!account || *account != proven.session.substr(0, at)) {
    log::Log(log::Severity::kWarning, "oidc_refused", {{"reason", "other_subject"}});
    throw Problem(400, "sign_in_failed", "This sign-in did not work; begin again.");
  }
  services.record.signatures().ProvedAnew(proven.session.substr(at + 1));
  return Page(200, "You have proved yourself; sign within five minutes.", policy);
}

Reply Callback(Services& services, Exchange& exchange, Oidc& oidc, CookiePolicy policy) {
  const Oidc::Proven proven = oidc.Finish({.state = exchange.Query("state"),
                                           .code = exchange.Query("code"),
                                           .issuer = exchange.Query("iss"),
                                           .error = exchange.Query("error"),
                                           .browser = exchange.sign_in_cookie});
  return proven.purpose == Oidc::Purpose::kSignIn
             ? SignedIn(services, exchange, oidc, proven, policy)
             : ProvedAnew(services, proven, policy);
}

Reply Start(Exchange& exchange, Oidc& oidc, Oidc::Purpose purpose, CookiePolicy policy) {
  std::string session;
  if (purpose == Oidc::Purpose::kSignature) {
    const auto& who = exchange.who.value();
    if (who.session.empty()) {
      throw Problem(403, "no_session", "Only who is signed in with a browser proves it anew.");
    }
    session = who.subject + " " + who.session;
  }
  const Oidc::Attempt attempt = oidc.Begin(purpose, session);
  return GoTo(attempt.url, policy, attempt.browser);
}

void AddLinks(Router& router, Services& services) {
  router.Add({.method = "GET",
              .pattern = "/api/v1/sign-ins/waiting",
              .right = "account.manage",
              .summary = "Who signed in at the institution and has no account here yet.",
              .answers = {{"application/json", "List"}},
              .handle = [&services](Exchange&) {
                return CommandReply(200, services.record.sign_in_links().Waiting());
              }});
  router.Add({.method = "POST",
              .pattern = "/api/v1/accounts/{id}/sign-in-links",
              .right = "account.manage",
              .summary = "Says which account a subject of the institution is.",
              .body_schema = "SignInLink",
              .answers = {{"application/json", "Appended"}},
              .refusals = {404, 409, 422},
              .handle = [&services](Exchange& exchange) {
                Json body = exchange.JsonBody();
                body["account"] = exchange.path["id"];
                return CommandReply(
                    201, services.record.sign_in_links().Link(body, exchange.who.value().subject));
              }});
}

}  // namespace

void AddOidcRoutes(Router& router, Services& services, Oidc* oidc, CookiePolicy policy) {
  AddLinks(router, services);
  if (oidc == nullptr) return;
  router.Add({.method = "GET",
              .pattern = "/sign-in/oidc",
              .right = kAnyone,
              .summary = "Sends the browser to the institution's sign-in.",
              .answers = {{"text/plain", ""}},
              .refusals = {502, 503},
              .handle = [oidc, policy](Exchange& exchange) {
                return Start(exchange, *oidc, Oidc::Purpose::kSignIn, policy);
              }});
  router.Add({.method = "GET",
              .pattern = "/sign-in/prove",
              .right = "account.own",
              .summary = "The same, for a fresh sign-in before a signature.",
              .answers = {{"text/plain", ""}},
              .refusals = {502, 503},
              .any_instrument = true,
              .handle = [oidc, policy](Exchange& exchange) {
                return Start(exchange, *oidc, Oidc::Purpose::kSignature, policy);
              }});
  router.Add({.method = "GET",
              .pattern = std::string(kCallback),
              .right = kAnyone,
              .summary = "Where the institution sends the browser back to.",
              .query = {{"state", "Of the attempt."},
                        {"code", "To be exchanged for an ID token."},
                        {"iss", "The issuer, RFC 9207."},
                        {"error", "Why there is no code."},
                        {"error_description", "For people; not read."},
                        {"session_state", "Not read."},
                        {"scope", "Not read."}},
              .answers = {{"text/html", ""}},
              .refusals = {403, 502},
              .handle = [&services, oidc, policy](Exchange& exchange) {
                return Callback(services, exchange, *oidc, policy);
              }});
}

}  // namespace monitor::service
