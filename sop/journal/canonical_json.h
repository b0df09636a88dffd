#pragma once

#include <cstddef>
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

/// A value of more bytes or parts than ParseStrict would read back.
class JsonTooLarge : public CanonicalJsonError {
 public:
  using CanonicalJsonError::CanonicalJsonError;
};

inline constexpr int kMaxJsonDepth = 64;  ///< deeper input is refused before it can exhaust a stack
inline constexpr std::size_t kMaxJsonBytes = std::size_t{32} << 20;
inline constexpr std::size_t kMaxJsonValues =
    2'000'000;  ///< bounds memory: a value costs more than its text

/// The JSON Canonicalization Scheme of RFC 8785: keys sorted by UTF-16 code units, ECMAScript
/// number form, shortest string escapes, no white space, UTF-8.
/// Errors  CanonicalJsonError on NaN, infinity, invalid UTF-8, an integer beyond 2^53, or depth.
[[nodiscard]] std::string Canonicalise(const nlohmann::json& value);

/// Parses text from outside: depth, size, duplicate keys, invalid UTF-8, NUL, a byte order mark and
/// integers that would lose digits are refused with one sentence (CanonicalJsonError).
/// It takes whatever Canonicalise writes within kMaxJsonBytes and kMaxJsonValues.
[[nodiscard]] nlohmann::json ParseStrict(std::string_view text);

}  // namespace sop::journal
