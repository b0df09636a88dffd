#include "monitor/service/time_text.h"

#include "sop/journal/event.h"

namespace monitor::service {

std::string TimeText(Milliseconds time) { return sop::journal::FormatEventTime(time); }

std::string TimeText(std::chrono::sys_seconds time) {
  std::string text = sop::journal::FormatEventTime(Milliseconds{time});
  return text.substr(0, text.size() - 5) + "Z";
}

std::string DayText(std::chrono::sys_days day) {
  return sop::journal::FormatEventTime(Milliseconds{day}).substr(0, 10);
}

}  // namespace monitor::service
