#pragma once

#include <string>
#include <string_view>

namespace monitor::agent {

[[nodiscard]] bool IsUtf8(std::string_view bytes);

/// Reversible UTF-8 form of any file name: bytes that are not UTF-8, and '%', become %XX.
[[nodiscard]] std::string EncodeName(std::string_view name);
[[nodiscard]] std::string DecodeName(std::string_view encoded);

}  // namespace monitor::agent
