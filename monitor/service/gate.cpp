#include "monitor/service/gate.h"

#include <httplib.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "monitor/service/access_log.h"
#include "monitor/service/agent_register.h"
#include "monitor/service/people.h"
#include "monitor/service/sign_ins.h"
#include "monitor/service/time_text.h"

namespace monitor::service {
namespace {

constexpr std::string_view kBearer = "bearer ";
constexpr std::size_t kLongestToken = 512;
constexpr std::size_t kLongestClient = 120;
constexpr std::array<std::string_view, 3> kReading = {"blob.read", "record.read", "register.read"};

/// The scheme's name knows no case; a token of absurd length is none.
std::string TokenOf(const httplib::Request& request) {
  const std::string header = request.get_header_value("Authorization");
  if (header.size() <= kBearer.size() || header.size() > kLongestToken) return {};
  const bool bearer = std::ranges::equal(
      std::string_view(header).substr(0, kBearer.size()), kBearer,
      [](char c, char wanted) { return std::tolower(static_cast<unsigned char>(c)) == wanted; });
  return bearer ? header.substr(kBearer.size()) : std::string();
}

std::string CookieOf(const httplib::Request& request, std::string_view name) {
  const std::string header = request.get_header_value("Cookie");
  for (std::size_t at = 0; at < header.size();) {
    const std::size_t end = std::min(header.find(';', at), header.size());
    std::string_view pair = std::string_view(header).substr(at, end - at);
    pair.remove_prefix(std::min(pair.find_first_not_of(' '), pair.size()));
    const std::size_t equals = pair.find('=');
    if (equals != pair.npos && pair.substr(0, equals) == name) {
      return std::string(pair.substr(equals + 1)).substr(0, kLongestToken);
    }
    at = end + 1;
  }
  return {};
}

/// The last address that the proxy saw; what stands before it in the list, anybody may have
/// written.
std::string LastForwarded(const std::string& header) {
  const std::size_t comma = header.rfind(',');
  std::string last = comma == header.npos ? header : header.substr(comma + 1);
  last.erase(0, std::min(last.find_first_not_of(' '), last.size()));
  return last.substr(0, 64);
}

bool IsThisMachine(const std::string& address) {
  return address.starts_with("127.") || address == "::1" || address == "::ffff:127.0.0.1";
}

bool IsRead(const Route& route) { return route.method == "GET" || route.right.ends_with(".read"); }

bool SameText(std::string_view a, std::string_view b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

[[noreturn]] void Refuse(const Route& route, const Exchange& exchange) {
  if (!exchange.who && exchange.stale) {
    throw Problem(401, "session_over", "The session is over; sign in again.");
  }
  if (!exchange.who) {
    throw Problem(401, "not_signed_in",
                  "Sign in, or send a valid token: \"Authorization: Bearer TOKEN\".");
  }
  throw Problem(403, "not_allowed",
                "This asks for the right " + std::string(route.right) + ", which " +
                    exchange.who->subject + " does not hold here.");
}

}  // namespace

std::string_view CookieName(CookiePolicy policy) {
  return policy == CookiePolicy::kSecure ? "__Host-etalon_session" : "etalon_session";
}

Gate::Gate(Services& services, GatePolicy policy)
    : services_(services), policy_(std::move(policy)) {}

void Gate::Identify(const httplib::Request& request, Exchange& exchange) const {
  exchange.client = request.get_header_value("User-Agent").substr(0, kLongestClient);
  exchange.address = request.remote_addr;
  if (!policy_.public_url.empty() && IsThisMachine(request.remote_addr)) {
    const std::string forwarded = LastForwarded(request.get_header_value("X-Forwarded-For"));
    if (!forwarded.empty()) exchange.address = forwarded;
  }
  exchange.sign_in_cookie = CookieOf(request, kSignInCookie);
  const std::string token = TokenOf(request);
  if (!token.empty()) {
    exchange.who = services_.record.Authenticate(token);
    const std::string agent = exchange.who ? AgentNameOf(exchange.who->subject) : "";
    if (!agent.empty()) {
      services_.record.RequireStanding(agent);
      services_.contacts.Seen(agent, TimeText(services_.clock()));
    }
    return;
  }
  const std::string cookie = CookieOf(request, CookieName(policy_.cookies));
  if (cookie.empty()) return;
  exchange.who = services_.record.sign_ins().FromCookie(cookie);
  exchange.stale = !exchange.who;
  if (exchange.who) exchange.cookie = cookie;
}

/// What everybody may do, signed in or not. Until the facility defines the role `public`, reading
/// is open where nobody but this machine can ask and no account exists yet, and in demonstrations.
sop::Rights Gate::PublicRights() const {
  if (const auto defined = services_.record.people().PublicRights()) return *defined;
  sop::Rights rights;
  for (const std::string_view right : sop::PublicRights()) rights.Allow(right);
  const bool open = services_.record.VerifierKey().starts_with("demo/") ||
                    (policy_.listener == GatePolicy::Listener::kLoopback &&
                     policy_.public_url.empty() && !services_.record.people().AnyAccount());
  if (!open) return rights;
  for (const std::string_view right : kReading) rights.Allow(right);
  return rights;
}

sop::Rights Gate::RightsOf(const Exchange& exchange) const {
  sop::Rights rights = PublicRights();
  if (exchange.who) rights.AllowAll(exchange.who->rights);
  return rights;
}

/// A browser sends the cookie whoever made it ask. What only our own pages can send besides: the
/// session's own word in a header; and what only a browser can say: where the page came from.
void Gate::RefuseForged(const Route& route, const httplib::Request& request,
                        const Exchange& exchange) const {
  const std::string origin = request.get_header_value("Origin");
  const std::string own = policy_.public_url.empty() ? "http://" + request.get_header_value("Host")
                                                     : policy_.public_url;
  if (!origin.empty() && origin != own) {
    throw Problem(403, "forged", "This write comes from a page of another address.");
  }
  if (exchange.cookie.empty() || route.right == kAnyone) return;
  if (origin.empty() ||
      !SameText(request.get_header_value("Etalon-Csrf"), SignIns::CsrfOf(exchange.cookie))) {
    throw Problem(
        403, "forged",
        "A write with a session's cookie says its Origin and sends the session's \"csrf\" "
        "in the header Etalon-Csrf.");
  }
}

void Gate::Authorise(const Route& route, const httplib::Request& request,
                     const Exchange& exchange) const {
  if (route.method != "GET") RefuseForged(route, request, exchange);
  if (route.right == kAnyone) return;
  // Most requests are of somebody who holds the right: then nothing else need be read.
  if (exchange.who && exchange.who->rights.Holds(route.right)) return;
  const sop::Rights rights = RightsOf(exchange);
  if (rights.Holds(route.right)) return;
  const bool can_be_held_here = route.any_instrument || route.instrument;
  if (!can_be_held_here || !rights.HoldsSomewhere(route.right)) Refuse(route, exchange);
}

void Gate::AuthoriseInstrument(const Route& route, const Exchange& exchange) const {
  if (!route.instrument || (exchange.who && exchange.who->rights.Holds(route.right))) return;
  const sop::Rights rights = RightsOf(exchange);
  if (rights.Holds(route.right)) return;
  if (!rights.HoldsOn(route.right, route.instrument(exchange))) Refuse(route, exchange);
}

void Gate::Remember(const Route* route, const httplib::Request& request, const Exchange& exchange,
                    int status) const {
  const bool refused = status == 401 || status == 403 || status == 429;
  const bool watched = exchange.who && exchange.who->reads_logged;
  const bool page = route != nullptr && (route->is_page || route->right == kAnyone);
  const bool write = route != nullptr && !IsRead(*route);
  if (!refused && !write && (!watched || page)) return;
  std::string subject = exchange.who ? exchange.who->subject : exchange.named;
  if (exchange.who && !exchange.who->token.empty())
    subject += " (token " + exchange.who->token + ")";
  services_.record.access_log().Add({.subject = std::move(subject),
                                     .method = request.method,
                                     .route = route == nullptr ? "" : route->pattern,
                                     .target = request.path,
                                     .status = status,
                                     .address = exchange.address});
}

}  // namespace monitor::service
