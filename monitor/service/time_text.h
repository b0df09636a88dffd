#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "sop/iso_time.h"

namespace monitor::service {

using Milliseconds = std::chrono::sys_time<std::chrono::milliseconds>;

/// "2026-11-22T10:00:00.123Z", the form of every time that the record writes.
[[nodiscard]] std::string TimeText(Milliseconds time);
[[nodiscard]] std::string TimeText(std::chrono::sys_seconds time);  ///< without a fraction

using sop::ParseDay;
using sop::ParseTime;

/// "2026-11-22".
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
