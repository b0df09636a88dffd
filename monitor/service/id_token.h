#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace monitor::service {

/// What an ID token must say before anything in it is believed.
struct IdTokenExpectation {
  std::string issuer;
  std::string client_id;
  std::string nonce;
  std::int64_t now_s = 0;
  /// Signing asks for a fresh sign-in: `auth_time` at or after this; 0: any.
  std::int64_t signed_in_since_s = 0;
};

/// Who an ID token speaks of.
struct IdTokenSubject {
  std::string subject;  ///< `sub`, unique at its issuer
  std::string name;     ///< for people to read; may be empty
  std::string email;    ///< likewise
};

enum class IdTokenFault {
  kNone,
  kMalformed,
  kAlgorithm,   ///< neither RS256 nor ES256, or the key is for another
  kUnknownKey,  ///< no key of the set has its `kid`: the set may be older than the key
  kSignature,
  kIssuer,
  kAudience,  ///< not for us, or for others too without naming us as `azp`
  kExpired,
  kNotYet,  ///< issued in the future
  kNonce,
  kNotFresh,  ///< no `auth_time`, or before the fresh sign-in that was asked for
};
/// "wrong_audience": for the log.
[[nodiscard]] std::string_view Name(IdTokenFault fault);

/// Checks a compact JWS (RFC 7515) with RS256 or ES256 against a JWK set (RFC 7517), then what it
/// says (OpenID Connect Core 3.1.3.7). The algorithm is the key's, never the token's choice alone:
/// `none` and HMAC do not exist here. 60 s of clock difference are allowed.
/// Threads  any.
[[nodiscard]] IdTokenFault CheckIdToken(std::string_view token, const nlohmann::json& key_set,
                                        const IdTokenExpectation& expected,
                                        IdTokenSubject& subject);

/// Base64 without padding in the alphabet of RFC 4648, 5; decoding takes the canonical form only.
[[nodiscard]] std::string Base64Url(std::string_view bytes);
[[nodiscard]] std::optional<std::string> FromBase64Url(std::string_view text);

}  // namespace monitor::service
