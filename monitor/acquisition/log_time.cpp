#include "monitor/acquisition/log_time.h"

#include <chrono>
#include <cmath>
#include <cstdio>
#include <vector>

#include "monitor/acquisition/csv_table.h"

namespace monitor::acquisition {
namespace {

std::vector<std::string_view> SplitAt(std::string_view text, char delimiter) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(delimiter);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<int> Digits(std::string_view text, std::size_t most) {
  if (text.empty() || text.size() > most) return std::nullopt;
  int value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

std::optional<double> SecondsOf(std::optional<int> year, std::optional<int> month,
                                std::optional<int> day) {
  if (!year || !month || !day || *year < 1970 || *year > 9999) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return static_cast<double>(std::chrono::sys_days(date).time_since_epoch().count()) * 86400.0;
}

}  // namespace

std::optional<double> DateSeconds(std::string_view text, DateOrder order) {
  if (text.size() == 8 && Digits(text, 8)) {
    return SecondsOf(Digits(text.substr(0, 4), 4), Digits(text.substr(4, 2), 2),
                     Digits(text.substr(6, 2), 2));
  }
  for (const char delimiter : {'-', '/', '.'}) {
    const auto parts = SplitAt(text, delimiter);
    if (parts.size() != 3) continue;
    if (parts[0].size() == 4) {
      return SecondsOf(Digits(parts[0], 4), Digits(parts[1], 2), Digits(parts[2], 2));
    }
    // A dot is written between numbers only where the day comes first.
    const bool day_first = order == DateOrder::kDayFirst || delimiter == '.';
    if (day_first) return SecondsOf(Digits(parts[2], 4), Digits(parts[1], 2), Digits(parts[0], 2));
    if (order == DateOrder::kMonthFirst) {
      return SecondsOf(Digits(parts[2], 4), Digits(parts[0], 2), Digits(parts[1], 2));
    }
    return std::nullopt;
  }
  return std::nullopt;
}

std::optional<double> ClockSeconds(std::string_view text) {
  bool afternoon = false;
  bool half_day = false;
  for (const std::string_view mark : {"AM", "am", "a.m.", "PM", "pm", "p.m."}) {
    if (half_day || !text.ends_with(mark)) continue;
    half_day = true;
    afternoon = mark[0] == 'P' || mark[0] == 'p';
    text.remove_suffix(mark.size());
    while (text.ends_with(' ')) text.remove_suffix(1);
  }
  const auto parts = SplitAt(text, ':');
  if (parts.size() < 2 || parts.size() > 3) return std::nullopt;
  std::optional<int> hours = Digits(parts[0], 2);
  const std::optional<int> minutes = Digits(parts[1], 2);
  const std::optional<double> seconds = parts.size() == 3 ? CellNumber(parts[2]) : 0.0;
  if (!hours || !minutes || !seconds || *minutes > 59 || *seconds < 0.0 || *seconds >= 61.0) {
    return std::nullopt;
  }
  if (half_day && (*hours < 1 || *hours > 12)) return std::nullopt;
  if (half_day) hours = *hours % 12 + (afternoon ? 12 : 0);
  if (*hours > 23) return std::nullopt;
  return *hours * 3600.0 + *minutes * 60.0 + *seconds;
}

std::string IsoWithoutZone(double seconds) {
  const auto total_ms = static_cast<long long>(std::llround(seconds * 1000.0));
  const std::chrono::sys_time<std::chrono::milliseconds> moment{
      std::chrono::milliseconds(total_ms)};
  const auto day = std::chrono::floor<std::chrono::days>(moment);
  const std::chrono::year_month_day date(day);
  const long long ms = (moment - day).count();
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02lld:%02lld:%02lld.%03lld",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), ms / 3600000, ms / 60000 % 60, ms / 1000 % 60,
                ms % 1000);
  return text;
}

}  // namespace monitor::acquisition
