#pragma once

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

namespace sop::journal {

/// Bytes that are not canonical JSON, or a value that cannot be written as such.
class CanonicalJsonError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

inline constexpr int kMaxJsonDepth = 64;  ///< deeper input is refused before it can exhaust a stack

/// The JSON Canonicalization Scheme of RFC 8785: keys sorted by UTF-16 code units, ECMAScript
/// number form, shortest string escapes, no white space, UTF-8.
/// Errors  CanonicalJsonError on NaN, infinity, invalid UTF-8, an integer beyond 2^53, or depth.
[[nodiscard]] std::string Canonicalise(const nlohmann::json& value);

/// Parses text from outside: depth, duplicate keys and invalid UTF-8 are refused with one sentence.
[[nodiscard]] nlohmann::json ParseStrict(std::string_view text);

}  // namespace sop::journal
