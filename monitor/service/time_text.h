#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace monitor::service {

using Milliseconds = std::chrono::sys_time<std::chrono::milliseconds>;

/// "2026-11-22T10:00:00.123Z", the form of every time that the record writes.
[[nodiscard]] std::string TimeText(Milliseconds time);
[[nodiscard]] std::string TimeText(std::chrono::sys_seconds time);  ///< without a fraction

/// Reads RFC 3339 as others write it: any fraction (cut to ms), Z or an offset, T or a blank. A
/// text without offset is taken as UTC; a day alone as its first instant. Nothing for anything
/// else.
[[nodiscard]] std::optional<Milliseconds> ParseTime(std::string_view text);

/// "2026-11-22" as a day.
[[nodiscard]] std::optional<std::chrono::sys_days> ParseDay(std::string_view text);
[[nodiscard]] std::string DayText(std::chrono::sys_days day);

[[nodiscard]] inline std::int64_t ToMs(Milliseconds time) {
  return time.time_since_epoch().count();
}
[[nodiscard]] inline Milliseconds FromMs(std::int64_t ms) {
  return Milliseconds{std::chrono::milliseconds{ms}};
}
[[nodiscard]] inline std::chrono::sys_seconds ToSeconds(Milliseconds time) {
  return std::chrono::floor<std::chrono::seconds>(time);
}

}  // namespace monitor::service
