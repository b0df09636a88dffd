#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace sop {

using Instant = std::chrono::sys_seconds;  ///< UTC
using Day = std::chrono::sys_days;         ///< a calendar day of the facility's time zone

/// When a procedure is due on a configuration.
struct Schedule {
  std::string recurrence;  ///< RFC 5545 RRULE value, "FREQ=MONTHLY;BYMONTHDAY=1"
  Day start;               ///< DTSTART: the first occurrence, a local day
  std::optional<int>
      window_start_d;    ///< days before due from which a run counts; absent: classical
  int window_end_d = 0;  ///< days after due until which nothing is overdue; >= 0
};

/// The due day after `completed`, by the rules of QUALITY_SYSTEM, "Schedule".
///
/// Without window_start: the next occurrence counted from completion. Done before the window: due
/// unchanged. Inside or after: the next occurrence after completion; if completion lies in that
/// occurrence's window too, one more is skipped. Without a due day yet: offset from completion.
/// Of completions one after the other, the last alone decides: NextDue(s, NextDue(s, due, a), b) is
/// NextDue(s, due, b) for a <= b, since a completion that leaves a due day unchanged would lead to
/// it too.
/// Throws std::invalid_argument with one sentence when the recurrence cannot be read.
[[nodiscard]] Day NextDue(const Schedule& schedule, std::optional<Day> due, Day completed);

/// The first instant at which a check due on `due` is overdue: the last day of the window has ended
/// in the facility's time zone (IANA name).
[[nodiscard]] Instant OverdueFrom(const Schedule& schedule, Day due, const std::string& time_zone);

/// The instant at which `day` begins in the zone, and the day that holds an instant there.
[[nodiscard]] Instant BeginOfDay(Day day, const std::string& time_zone);
[[nodiscard]] Day LocalDay(Instant instant, const std::string& time_zone);
/// `count` working days (Monday to Friday) after `from`, same local time of day.
[[nodiscard]] Instant AddWorkingDays(Instant from, int count, const std::string& time_zone);

}  // namespace sop
