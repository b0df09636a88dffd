#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace monitor::acquisition {

/// Which of the two first numbers of a date like 11/08/2024 is the month.
enum class DateOrder { kUnknown, kMonthFirst, kDayFirst };

/// Seconds since 1970-01-01 of the calendar date in `text` without any time zone: "2024-11-08",
/// "2024/11/08", "20241108", "08.11.2024", and "11/08/2024" where `order` is known.
[[nodiscard]] std::optional<double> DateSeconds(std::string_view text, DateOrder order);

/// Seconds since midnight of "17:27:32.678", "17:27:32,678", "5:27:32 PM", "5:27 p.m.", "17:27".
[[nodiscard]] std::optional<double> ClockSeconds(std::string_view text);

/// "2024-11-08T17:27:32.678" of seconds since 1970-01-01, no zone.
[[nodiscard]] std::string IsoWithoutZone(double seconds);

}  // namespace monitor::acquisition
