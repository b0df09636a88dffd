#include "monitor/acquisition/power_run_sheet.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "monitor/acquisition/csv_table.h"
#include "monitor/acquisition/log_time.h"
#include "monitor/acquisition/printable.h"
#include "monitor/acquisition/read_error.h"

namespace monitor::acquisition {
namespace {

using Cells = std::vector<std::string_view>;

constexpr std::array<std::string_view, 4> kTitles = {"start", "end", "line_nm", "setting_percent"};
constexpr double kDayS = 86400.0;

[[noreturn]] void Refuse(const std::string& sentence) {
  throw ReadError(ReadFault::kUnreadable, "the run sheet " + sentence);
}

std::array<std::size_t, 4> ColumnsOf(const Cells& titles) {
  std::array<std::size_t, 4> columns{};
  for (std::size_t i = 0; i < kTitles.size(); ++i) {
    const auto found = std::find(titles.begin(), titles.end(), kTitles[i]);
    if (found == titles.end()) {
      Refuse("has no column '" + std::string(kTitles[i]) +
             "'; its first line is: start,end,line_nm,setting_percent");
    }
    columns[i] = static_cast<std::size_t>(found - titles.begin());
  }
  return columns;
}

struct Moment {
  double seconds = 0.0;
  bool dated = false;
};

std::optional<Moment> MomentOf(std::string_view cell) {
  if (const auto seconds = CellNumber(cell)) return Moment{.seconds = *seconds, .dated = false};
  const std::size_t gap = cell.find_first_of(" T");
  if (gap == cell.npos || cell.find(':') < gap) {
    const auto clock_s = ClockSeconds(cell);
    return clock_s ? std::optional(Moment{.seconds = *clock_s, .dated = false}) : std::nullopt;
  }
  const auto day_s = DateSeconds(cell.substr(0, gap), DateOrder::kUnknown);
  const auto clock_s = ClockSeconds(cell.substr(gap + 1));
  if (!day_s || !clock_s) return std::nullopt;
  return Moment{.seconds = *day_s + *clock_s, .dated = true};
}

// A clock without a date that goes back has passed midnight.
void PassMidnight(bool clock, double& last, double& seconds) {
  while (clock && seconds < last - 0.5 * kDayS) seconds += kDayS;
  last = seconds;
}

}  // namespace

RunSheet ReadRunSheet(std::string_view text) {
  const CsvTable table = SplitCsv(text);
  if (table.rows.size() < 2) Refuse("has no rows below its first line");
  const auto columns = ColumnsOf(table.rows.front());
  RunSheet sheet;
  double last = 0.0;
  for (std::size_t i = 1; i < table.rows.size(); ++i) {
    const Cells& cells = table.rows[i];
    const auto cell = [&](std::size_t column) {
      return columns[column] < cells.size() ? cells[columns[column]] : std::string_view();
    };
    auto start = MomentOf(cell(0));
    auto end = MomentOf(cell(1));
    const auto line = CellNumber(cell(2));
    const auto setting = CellNumber(cell(3));
    if (!start || !end || !line || !setting || *line < 100.0 || *line > 3000.0 || *setting < 0.0) {
      Refuse("cannot be understood in line " + std::to_string(table.lines[i]) + " ('" +
             Printable(cell(0).substr(0, 40)) +
             "', ...): it takes two times, a wavelength in nm "
             "and a setting in percent; write dates as 2024-11-08");
    }
    const bool clock = !start->dated && !CellNumber(cell(0));
    PassMidnight(clock, last, start->seconds);
    PassMidnight(clock, last, end->seconds);
    sheet.dated = start->dated;
    sheet.rows.push_back({start->seconds, end->seconds, *line, *setting});
  }
  return sheet;
}

std::optional<double> MomentOfIso(std::string_view iso) {
  if (iso.ends_with('Z')) iso.remove_suffix(1);
  const auto moment = MomentOf(iso);
  return moment && moment->dated ? std::optional(moment->seconds) : std::nullopt;
}

}  // namespace monitor::acquisition
