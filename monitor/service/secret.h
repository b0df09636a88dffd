#pragma once

#include <string>
#include <string_view>

namespace monitor::service {

/// 256 random bits in hex: a cookie or a token.
[[nodiscard]] std::string RandomSecret();
/// 96 random bits in hex: names a session or token, opens nothing.
[[nodiscard]] std::string RandomId();
/// Hex SHA-256. A secret of 256 random bits needs no slow hash; looked up by its digest, no byte
/// of it is compared in a way that timing could tell.
[[nodiscard]] std::string SecretDigest(std::string_view secret);

}  // namespace monitor::service
