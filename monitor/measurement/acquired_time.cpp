#include "monitor/measurement/acquired_time.h"

#include <charconv>
#include <chrono>
#include <cstdio>
#include <ctime>

namespace monitor::measurement {
namespace {

// Takes `digits` digits off the front of `text`; absent when they are not there.
std::optional<int> TakeDigits(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + digits, value);
  if (fault != std::errc{} || end != text.data() + digits || value < 0) return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

bool TakeOneOf(std::string_view& text, std::string_view letters) {
  if (text.empty() || letters.find(text.front()) == letters.npos) return false;
  text.remove_prefix(1);
  return true;
}

int TakeMilliseconds(std::string_view& text) {
  if (!TakeOneOf(text, ".,")) return 0;
  int milliseconds = 0;
  int weight = 100;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    milliseconds += weight * (text.front() - '0');
    weight /= 10;
    text.remove_prefix(1);
  }
  return milliseconds;
}

// Seconds east of Greenwich; absent when the rest of the text states no zone.
std::optional<int> TakeZone(std::string_view& text) {
  if (TakeOneOf(text, "Zz")) return 0;
  if (text.empty()) return std::nullopt;
  const int sign = text.front() == '-' ? -1 : 1;
  if (!TakeOneOf(text, "+-")) return std::nullopt;
  const std::optional<int> hours = TakeDigits(text, 2);
  TakeOneOf(text, ":");
  const std::optional<int> minutes = text.empty() ? 0 : TakeDigits(text, 2);
  if (!hours || !minutes || *hours > 14 || *minutes > 59) return std::nullopt;
  return sign * (*hours * 3600 + *minutes * 60);
}

std::optional<std::tm> TakeDateAndTime(std::string_view& text) {
  std::tm moment{};
  const auto year = TakeDigits(text, 4);
  if (!year || !TakeOneOf(text, "-:/")) return std::nullopt;
  const auto month = TakeDigits(text, 2);
  if (!month || !TakeOneOf(text, "-:/")) return std::nullopt;
  const auto day = TakeDigits(text, 2);
  if (!day || !TakeOneOf(text, "T ")) return std::nullopt;
  const auto hour = TakeDigits(text, 2);
  if (!hour || !TakeOneOf(text, ":")) return std::nullopt;
  const auto minute = TakeDigits(text, 2);
  if (!minute || !TakeOneOf(text, ":")) return std::nullopt;
  const auto second = TakeDigits(text, 2);
  if (!second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *year < 1970) return std::nullopt;
  moment.tm_year = *year - 1900;
  moment.tm_mon = *month - 1;
  moment.tm_mday = *day;
  moment.tm_hour = *hour;
  moment.tm_min = *minute;
  moment.tm_sec = *second;
  moment.tm_isdst = -1;
  return moment;
}

}  // namespace

std::string UtcText(std::int64_t unix_s, int milliseconds) {
  const auto moment = static_cast<std::time_t>(unix_s);
  std::tm utc{};
  gmtime_r(&moment, &utc);
  char text[64];
  const std::size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  if (milliseconds > 0) {
    std::snprintf(text + length, sizeof text - length, ".%03dZ", milliseconds % 1000);
  } else {
    std::snprintf(text + length, sizeof text - length, "Z");
  }
  return text;
}

std::optional<AcquiredTime> ParseAcquired(std::string_view text) {
  std::optional<std::tm> moment = TakeDateAndTime(text);
  if (!moment) return std::nullopt;
  const int milliseconds = TakeMilliseconds(text);
  const std::optional<int> zone = TakeZone(text);
  if (zone) return AcquiredTime{UtcText(timegm(&*moment) - *zone, milliseconds), true};
  return AcquiredTime{UtcText(mktime(&*moment), milliseconds), false};
}

}  // namespace monitor::measurement
