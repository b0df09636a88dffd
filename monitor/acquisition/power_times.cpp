#include "monitor/acquisition/power_times.h"

#include <algorithm>
#include <cmath>

#include "monitor/acquisition/csv_table.h"

namespace monitor::acquisition {
namespace {

using Cells = std::vector<std::string_view>;
using qc_metrics::Severity;

constexpr double kDayS = 86400.0;
constexpr double kHourS = 3600.0;
constexpr double kHourSlackS = 120.0;  // an interval and the change itself

std::string_view Cell(const Cells& row, std::optional<std::size_t> column) {
  return column && *column < row.size() ? row[*column] : std::string_view();
}

struct Stamp {
  std::string_view date;
  std::string_view clock;
};

Stamp StampOf(const Cells& row, const PowerColumns& columns) {
  if (!columns.moment) return {Cell(row, columns.date), Cell(row, columns.clock)};
  const std::string_view both = Cell(row, columns.moment);
  std::size_t gap = both.find_first_of(" T");
  if (gap == both.npos || both.find(':') < gap) return {{}, both};  // "5:27:32 PM" has no date
  const std::string_view date = both.substr(0, gap);
  while (gap < both.size() && (both[gap] == ' ' || both[gap] == 'T')) ++gap;
  return {date, both.substr(gap)};
}

bool IsHalfDay(std::string_view clock) {
  return clock.ends_with("M") || clock.ends_with("m") || clock.ends_with(".");
}

void Note(Severity severity, std::string text, PowerTimes& times) {
  times.notes.push_back({"clock", severity, std::move(text), std::nullopt});
}

// What the dates themselves tell: a month has no number above 12.
DateOrder OrderOfDates(std::span<const Cells> rows, const PowerColumns& columns) {
  for (const Cells& row : rows) {
    const Stamp stamp = StampOf(row, columns);
    const bool month_first = DateSeconds(stamp.date, DateOrder::kMonthFirst).has_value();
    const bool day_first = DateSeconds(stamp.date, DateOrder::kDayFirst).has_value();
    if (month_first != day_first) {
      return month_first ? DateOrder::kMonthFirst : DateOrder::kDayFirst;
    }
  }
  return DateOrder::kUnknown;
}

DateOrder OrderOf(std::span<const Cells> rows, const PowerColumns& columns, PowerTimes& times) {
  if (columns.order != DateOrder::kUnknown) return columns.order;
  const Stamp first = StampOf(rows.front(), columns);
  if (first.date.find('/') == first.date.npos) return DateOrder::kUnknown;
  const DateOrder told = OrderOfDates(rows, columns);
  if (told != DateOrder::kUnknown) return told;
  if (!IsHalfDay(first.clock)) return DateOrder::kUnknown;
  Note(Severity::kInfo,
       "the log's dates fit month/day and day/month; with AM and PM the month is taken as first",
       times);
  return DateOrder::kMonthFirst;
}

// One day all along: the differences need no date.
bool IsOneDate(std::span<const Cells> rows, const PowerColumns& columns) {
  const std::string_view date = StampOf(rows.front(), columns).date;
  return std::all_of(rows.begin(), rows.end(),
                     [&](const Cells& row) { return StampOf(row, columns).date == date; });
}

bool ReadElapsed(std::span<const Cells> rows, const PowerColumns& columns, PowerTimes& times) {
  for (const Cells& row : rows) {
    const auto value = CellNumber(Cell(row, columns.elapsed));
    if (!value) return false;
    times.seconds.push_back(*value * columns.elapsed_unit_s);
  }
  return true;
}

bool ReadStamps(std::span<const Cells> rows, const PowerColumns& columns, PowerTimes& times) {
  const DateOrder order = OrderOf(rows, columns, times);
  const bool dated = DateSeconds(StampOf(rows.front(), columns).date, order).has_value();
  if (!dated && !IsOneDate(rows, columns)) return false;
  double midnights_s = 0.0;
  for (const Cells& row : rows) {
    const Stamp stamp = StampOf(row, columns);
    const auto clock_s = ClockSeconds(stamp.clock);
    const auto day_s = dated ? DateSeconds(stamp.date, order) : std::optional(midnights_s);
    if (!clock_s || !day_s) return false;
    double now = *day_s + *clock_s;
    if (!dated && !times.seconds.empty() && now < times.seconds.back() - 0.5 * kDayS) {
      midnights_s += kDayS;
      now += kDayS;
    }
    times.seconds.push_back(now);
  }
  if (dated) times.acquired_at = IsoWithoutZone(times.seconds.front());
  return true;
}

// A clock on local time goes back by an hour once, in autumn.
void RemoveSummerTime(std::vector<double>& seconds, PowerTimes& times) {
  double added = 0.0;
  for (std::size_t i = 1; i < seconds.size(); ++i) {
    const double back = seconds[i - 1] - (seconds[i] + added);
    if (added == 0.0 && back > kHourS - kHourSlackS && back < kHourS) {
      added = kHourS;
      Note(Severity::kWarning,
           "the log's clock goes back by an hour at row " + std::to_string(i + 1) +
               ", as at the end of summer time; the hour is taken out",
           times);
    }
    seconds[i] += added;
  }
}

void FindRepeated(std::span<const Cells> rows, PowerTimes& times) {
  std::size_t count = 0;
  std::vector<bool> repeated(rows.size());
  for (std::size_t i = 1; i < rows.size(); ++i) {
    repeated[i] = times.seconds[i] == times.seconds[i - 1] && rows[i] == rows[i - 1];
    count += repeated[i] ? 1U : 0U;
  }
  if (count == 0) return;
  times.repeated = std::move(repeated);
  Note(Severity::kWarning,
       std::to_string(count) + " row(s) repeat the row before, time and power; they are left out",
       times);
}

// Stamps of a second at more than one sample a second.
void SpreadEqualStamps(PowerTimes& times) {
  std::vector<double>& t = times.seconds;
  const auto dropped = [&](std::size_t i) { return !times.repeated.empty() && times.repeated[i]; };
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < t.size(); ++i) {
    if (!dropped(i)) kept.push_back(i);
  }
  std::size_t shared = 0;
  double step = 0.0;
  for (std::size_t first = 0; first < kept.size();) {
    std::size_t end = first + 1;
    while (end < kept.size() && t[kept[end]] == t[kept[first]]) ++end;
    const double begin = t[kept[first]];
    if (end < kept.size() && (step == 0.0 || t[kept[end]] - begin < 2.0 * step)) {
      step = t[kept[end]] - begin;
    }
    const auto count = static_cast<double>(end - first);
    for (std::size_t k = first; end - first > 1 && step > 0.0 && k < end; ++k, ++shared) {
      t[kept[k]] = begin + step * static_cast<double>(k - first) / count;
    }
    first = end;
  }
  if (shared == 0) return;
  Note(Severity::kInfo,
       std::to_string(shared) +
           " rows share their time with a neighbour; they are set evenly up to the next time",
       times);
}

}  // namespace

PowerTimes ReadPowerTimes(std::span<const Cells> rows, const PowerColumns& columns) {
  PowerTimes times;
  if (rows.empty()) return times;
  const bool read =
      columns.elapsed ? ReadElapsed(rows, columns, times) : ReadStamps(rows, columns, times);
  if (!read) return {.seconds = {}, .acquired_at = {}, .repeated = {}, .notes = times.notes};
  if (!columns.elapsed) RemoveSummerTime(times.seconds, times);
  FindRepeated(rows, times);
  SpreadEqualStamps(times);
  const double start = times.seconds.front();
  for (double& t : times.seconds) t -= start;
  return times;
}

}  // namespace monitor::acquisition
