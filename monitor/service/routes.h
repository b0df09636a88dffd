#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "monitor/service/agent_contacts.h"
#include "monitor/service/blobs.h"
#include "monitor/service/record.h"
#include "monitor/service/request_meter.h"
#include "monitor/service/router.h"

namespace monitor::service {

class Oidc;

/// What the routes work on; all of it outlives the server.
struct Services {
  QualityRecord& record;
  BlobStore& blobs;
  AgentContacts& contacts;
  RequestMeter& meter;
  Clock clock;
  /// Sentences for /healthz about what a person should see to; may be empty.
  std::function<std::vector<std::string>()> notes{};
};

/// How the session's cookie travels.
enum class CookiePolicy { kPlain, kSecure };  // kSecure: only over TLS

/// The cookie's name; the prefix makes browsers refuse one that was not set over TLS by this host.
[[nodiscard]] std::string_view CookieName(CookiePolicy policy);
/// Sets the session's cookie, or removes it when `value` is empty.
[[nodiscard]] std::pair<std::string, std::string> SessionCookie(CookiePolicy policy,
                                                                const std::string& value);
/// Of an attempt at the institution, until its browser comes back.
inline constexpr std::string_view kSignInCookie = "etalon_sign_in";

// One function a group of addresses; each in the file of its name.
void AddRegisterRoutes(Router& router, Services& services);
void AddMeasurementRoutes(Router& router, Services& services);
void AddBlobRoutes(Router& router, Services& services);
void AddFitnessRoutes(Router& router, Services& services);
void AddJournalRoutes(Router& router, Services& services);
void AddTileRoutes(Router& router, Services& services);
void AddCommandRoutes(Router& router, Services& services);
void AddFaultRoutes(Router& router, Services& services);
void AddAgentRoutes(Router& router, Services& services);
void AddAccountRoutes(Router& router, Services& services);
void AddSessionRoutes(Router& router, Services& services, CookiePolicy policy);
/// `oidc` may be null: no institution is configured.
void AddOidcRoutes(Router& router, Services& services, Oidc* oidc, CookiePolicy policy);
void AddSignatureRoutes(Router& router, Services& services);
void AddTokenRoutes(Router& router, Services& services);
void AddAccessLogRoutes(Router& router, Services& services);
void AddMachineRoutes(Router& router, Services& services);
void AddWebRoutes(Router& router);

}  // namespace monitor::service
