#include "sop/schedule.h"

#include <date/tz.h>

#include <stdexcept>

#include "sop/recurrence.h"

namespace sop {
namespace {

using std::chrono::days;

const date::time_zone& Zone(const std::string& name) {
  try {
    return *date::locate_zone(name);
  } catch (const std::runtime_error&) {
    throw std::invalid_argument("time zone '" + name +
                                "' is not known; use an IANA name such as Europe/Lisbon");
  }
}

/// A local time that does not exist becomes the moment of the change; of two, the first.
Instant FromLocal(std::chrono::seconds since_epoch, const date::time_zone& zone) {
  return zone.to_sys(date::local_seconds(since_epoch), date::choose::earliest);
}

bool IsWeekend(Day day) {
  const std::chrono::weekday weekday(day);
  return weekday == std::chrono::Saturday || weekday == std::chrono::Sunday;
}

}  // namespace

Day NextDue(const Schedule& schedule, std::optional<Day> due, Day completed) {
  if (!due || !schedule.window_start_d) {
    return NextOccurrence(schedule.recurrence, completed, completed);
  }
  const days window_start(*schedule.window_start_d);
  if (completed < *due - window_start) return *due;
  const Day next = NextOccurrence(schedule.recurrence, schedule.start, completed);
  if (completed < next - window_start) return next;
  return NextOccurrence(schedule.recurrence, schedule.start, next);
}

Instant OverdueFrom(const Schedule& schedule, Day due, const std::string& time_zone) {
  return BeginOfDay(due + days(schedule.window_end_d + 1), time_zone);
}

Instant BeginOfDay(Day day, const std::string& time_zone) {
  return FromLocal(day.time_since_epoch(), Zone(time_zone));
}

Day LocalDay(Instant instant, const std::string& time_zone) {
  const auto local = Zone(time_zone).to_local(instant).time_since_epoch();
  return Day(std::chrono::floor<days>(local));
}

Instant AddWorkingDays(Instant from, int count, const std::string& time_zone) {
  const date::time_zone& zone = Zone(time_zone);
  const auto local = zone.to_local(from).time_since_epoch();
  Day day(std::chrono::floor<days>(local));
  const auto time_of_day = local - day.time_since_epoch();
  while (count > 0) {
    day += days(1);
    if (!IsWeekend(day)) --count;
  }
  return FromLocal(day.time_since_epoch() + time_of_day, zone);
}

}  // namespace sop
