#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace monitor::service {

enum class JwsVerdict { kHolds, kWrongKind, kDoesNotHold };

/// Whether `signature` (raw bytes) over `signed_bytes` holds under one JSON Web Key. `algorithm` is
/// "RS256" or "ES256"; a key of another type, curve, use or algorithm, or an RSA key below 2048
/// bits, is kWrongKind.
/// Threads  any.  Source  RFC 7518, 3.3, 3.4, 6.
[[nodiscard]] JwsVerdict VerifyJws(std::string_view algorithm, const nlohmann::json& key,
                                   std::string_view signed_bytes, std::string_view signature);

}  // namespace monitor::service
