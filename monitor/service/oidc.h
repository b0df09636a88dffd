#pragma once

#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "monitor/service/id_token.h"
#include "monitor/service/record.h"

namespace monitor::service {

/// An institution's sign-in, OpenID Connect Core 1.0 with the authorization code flow.
struct OidcConfig {
  std::string issuer;         ///< "https://sso.example.org/realm"; http only on loopback
  std::string client_id;      ///< as registered there
  std::string client_secret;  ///< from a file that only the service's owner reads
  std::string redirect_uri;   ///< this service's callback, as registered there
  /// The role of those whom nobody has given an account yet; empty: they wait.
  std::string unknown_role;
};

/// Reads oidc.toml: issuer, client_id, secret_file (relative to the file), unknown = "wait" |
/// "viewer". Errors  std::runtime_error, one sentence that names the file.
[[nodiscard]] OidcConfig LoadOidcConfig(const std::string& file, const std::string& public_url);

/// Sends people to the institution's provider and believes what it says of them on return.
///
/// Each attempt has a state, a nonce and a PKCE verifier (S256) of its own, is bound to the browser
/// that began it by a cookie, ends after 10 minutes and counts once. The provider's addresses and
/// keys come from its discovery document, which must name the configured issuer; an unknown key id
/// makes the keys be read again, at most once a minute.
/// Threads  any.  Errors  Problem 502 `provider_unreachable`, 400 `sign_in_failed`.
class Oidc {
 public:
  Oidc(OidcConfig config, Clock clock);

  enum class Purpose {
    kSignIn,
    kSignature,  ///< the person must prove themselves anew now
  };
  struct Attempt {
    std::string url;      ///< where the browser goes
    std::string browser;  ///< the cookie's value that must come back
  };
  /// `session` is that of who signs, empty for a sign-in.
  [[nodiscard]] Attempt Begin(Purpose purpose, std::string session);

  struct Callback {
    std::string state, code, issuer, error, browser;
  };
  struct Proven {
    Purpose purpose;
    std::string session;
    std::string issuer;
    IdTokenSubject subject;
  };
  /// Ends an attempt. The reason of a refusal is in the log, not in the answer.
  [[nodiscard]] Proven Finish(const Callback& callback);

  [[nodiscard]] const OidcConfig& config() const { return config_; }

 private:
  struct Pending {
    Purpose purpose;
    std::string session, nonce, verifier, browser_digest;
    std::int64_t begun_s = 0;
  };
  struct Provider {
    std::string authorization_endpoint, token_endpoint, jwks_uri;
    bool names_issuer = false;  ///< its callbacks carry `iss` (RFC 9207)
    nlohmann::json keys;
    std::int64_t unknown_key_s = 0;  ///< when an unknown key last made them be read again
  };
  [[nodiscard]] std::int64_t NowSeconds() const;
  [[nodiscard]] Provider Discovered();
  [[nodiscard]] Provider WithNewKeys(Provider provider);
  [[nodiscard]] Pending Take(const Callback& callback);
  [[nodiscard]] std::string ExchangeCode(const Provider& provider, const std::string& code,
                                         const std::string& verifier) const;

  OidcConfig config_;
  Clock clock_;
  std::mutex mutex_;
  std::map<std::string, Pending> pending_;  ///< by the digest of its state
  std::optional<Provider> provider_;
};

}  // namespace monitor::service
