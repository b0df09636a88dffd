#include "monitor/service/id_token.h"

#include <sodium.h>

#include <algorithm>
#include <array>

#include "monitor/service/jws.h"
#include "sop/journal/canonical_json.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kLongestToken = 16 * 1024;
constexpr std::int64_t kClockDifference_s = 60;
constexpr std::int64_t kFreshDifference_s = 10;  ///< a sign-in just before is no fresh one
constexpr int kVariant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

struct Parts {
  Json header, claims;
  std::string_view signed_bytes;
  std::string signature;
};

std::optional<Json> JsonPart(std::string_view text) {
  const auto bytes = FromBase64Url(text);
  if (!bytes) return std::nullopt;
  try {
    Json value = sop::journal::ParseStrict(*bytes);
    if (!value.is_object()) return std::nullopt;
    return value;
  } catch (const sop::journal::CanonicalJsonError&) {
    return std::nullopt;
  }
}

std::optional<Parts> Split(std::string_view token) {
  const std::size_t first = token.find('.');
  const std::size_t second = first == token.npos ? first : token.find('.', first + 1);
  if (token.size() > kLongestToken || second == token.npos) return std::nullopt;
  const auto header = JsonPart(token.substr(0, first));
  const auto claims = JsonPart(token.substr(first + 1, second - first - 1));
  const auto signature = FromBase64Url(token.substr(second + 1));
  // A header that must be understood and is not would change what is signed.
  if (!header || !claims || !signature || header->contains("crit")) return std::nullopt;
  return Parts{*header, *claims, token.substr(0, second), *signature};
}

std::string Text(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::optional<std::int64_t> Seconds(const Json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end() || !found->is_number()) return std::nullopt;
  const double value = found->get<double>();
  if (!(value >= 0.0 && value < 1e12)) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

IdTokenFault CheckSignature(const Parts& parts, const Json& key_set) {
  const std::string algorithm = Text(parts.header, "alg");
  if (algorithm != "RS256" && algorithm != "ES256") return IdTokenFault::kAlgorithm;
  const Json keys = key_set.value("keys", Json::array());
  const std::string id = Text(parts.header, "kid");
  // Without a name only a set of one key says which is meant.
  if (id.empty() && keys.size() != 1) return IdTokenFault::kUnknownKey;
  for (const Json& key : keys) {
    if (!key.is_object() || (!id.empty() && Text(key, "kid") != id)) continue;
    switch (VerifyJws(algorithm, key, parts.signed_bytes, parts.signature)) {
      case JwsVerdict::kHolds:
        return IdTokenFault::kNone;
      case JwsVerdict::kWrongKind:
        return IdTokenFault::kAlgorithm;
      case JwsVerdict::kDoesNotHold:
        return IdTokenFault::kSignature;
    }
  }
  return IdTokenFault::kUnknownKey;
}

bool IsForUs(const Json& claims, const std::string& client_id) {
  const Json audience = claims.value("aud", Json());
  const Json authorised = claims.value("azp", Json());
  if (!authorised.is_null() && authorised != client_id) return false;
  if (audience.is_string()) return audience == client_id;
  if (!audience.is_array()) return false;
  const bool named = std::find(audience.begin(), audience.end(), Json(client_id)) != audience.end();
  return named && (audience.size() == 1 || authorised == client_id);
}

IdTokenFault CheckClaims(const Json& claims, const IdTokenExpectation& expected) {
  if (Text(claims, "iss") != expected.issuer) return IdTokenFault::kIssuer;
  if (!IsForUs(claims, expected.client_id)) return IdTokenFault::kAudience;
  const auto expires = Seconds(claims, "exp");
  if (!expires || *expires + kClockDifference_s <= expected.now_s) return IdTokenFault::kExpired;
  const auto issued = Seconds(claims, "iat");
  if (!issued || *issued > expected.now_s + kClockDifference_s) return IdTokenFault::kNotYet;
  if (expected.nonce.empty() || Text(claims, "nonce") != expected.nonce) {
    return IdTokenFault::kNonce;
  }
  if (expected.signed_in_since_s > 0) {
    const auto signed_in = Seconds(claims, "auth_time");
    if (!signed_in || *signed_in + kFreshDifference_s < expected.signed_in_since_s) {
      return IdTokenFault::kNotFresh;
    }
  }
  return Text(claims, "sub").empty() ? IdTokenFault::kMalformed : IdTokenFault::kNone;
}

}  // namespace

std::string_view Name(IdTokenFault fault) {
  static constexpr std::array<std::string_view, 11> kNames = {
      "none",         "malformed",      "wrong_algorithm", "unknown_key",      "bad_signature",
      "wrong_issuer", "wrong_audience", "expired",         "issued_in_future", "wrong_nonce",
      "not_fresh"};
  return kNames.at(static_cast<std::size_t>(fault));
}

IdTokenFault CheckIdToken(std::string_view token, const Json& key_set,
                          const IdTokenExpectation& expected, IdTokenSubject& subject) {
  const auto parts = Split(token);
  if (!parts) return IdTokenFault::kMalformed;
  if (const auto fault = CheckSignature(*parts, key_set); fault != IdTokenFault::kNone) {
    return fault;
  }
  if (const auto fault = CheckClaims(parts->claims, expected); fault != IdTokenFault::kNone) {
    return fault;
  }
  subject = {Text(parts->claims, "sub"), Text(parts->claims, "name"), Text(parts->claims, "email")};
  return IdTokenFault::kNone;
}

std::string Base64Url(std::string_view bytes) {
  std::string text(sodium_base64_ENCODED_LEN(bytes.size(), kVariant), '\0');
  sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(bytes.data()),
                    bytes.size(), kVariant);
  text.pop_back();
  return text;
}

std::optional<std::string> FromBase64Url(std::string_view text) {
  std::string bytes(text.size(), '\0');
  std::size_t size = 0;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), text.data(),
                        text.size(), nullptr, &size, nullptr, kVariant) != 0) {
    return std::nullopt;
  }
  bytes.resize(size);
  if (Base64Url(bytes) != text) return std::nullopt;
  return bytes;
}

}  // namespace monitor::service
