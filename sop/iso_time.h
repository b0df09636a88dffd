#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace sop {

/// Reads RFC 3339 as others write it: any fraction (cut to ms), Z or an offset, T or a blank. A
/// text without offset is taken as UTC; a day alone as its first instant. Nothing for anything
/// else.
[[nodiscard]] std::optional<std::chrono::sys_time<std::chrono::milliseconds>> ParseTime(
    std::string_view text);

/// "2026-11-22" as a day.
[[nodiscard]] std::optional<std::chrono::sys_days> ParseDay(std::string_view text);

}  // namespace sop
