#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sop::journal {

/// The text as UTF-16 code units, or nothing where it is not well-formed UTF-8 (RFC 3629: no
/// overlong forms, no surrogates, nothing beyond U+10FFFF).
[[nodiscard]] std::optional<std::u16string> Utf16FromUtf8(std::string_view text);
[[nodiscard]] bool IsUtf8(std::string_view text);

}  // namespace sop::journal
