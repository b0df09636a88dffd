#include "monitor/acquisition/power_log.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "monitor/acquisition/csv_table.h"
#include "monitor/acquisition/length_unit.h"
#include "monitor/acquisition/limits.h"
#include "monitor/acquisition/power_columns.h"
#include "monitor/acquisition/printable.h"
#include "monitor/acquisition/read_error.h"

namespace monitor::acquisition {
namespace {

using Cells = std::vector<std::string_view>;

constexpr std::size_t kHeaderWithin = 50;

[[noreturn]] void Unreadable(const std::string& sentence) {
  throw ReadError(ReadFault::kUnreadable, sentence);
}

std::string_view Cell(const Cells& row, std::optional<std::size_t> column) {
  return column && *column < row.size() ? row[*column] : std::string_view();
}

// A number as the meter writes it: a comma may be the decimal sign where it delimits nothing.
std::optional<double> NumberOf(std::string_view cell) {
  if (const auto number = FiniteNumber(cell)) return number;
  std::string text(cell);
  std::replace(text.begin(), text.end(), ',', '.');
  return FiniteNumber(text);
}

// Seconds on a scale of its own, without a zone; only differences and the first one are used.
std::optional<double> MomentOf(const Cells& row, const PowerColumns& columns, DateOrder order) {
  if (columns.elapsed) {
    const auto value = NumberOf(Cell(row, columns.elapsed));
    return value ? std::optional(*value * columns.elapsed_unit_s) : std::nullopt;
  }
  std::string_view date = Cell(row, columns.date);
  std::string_view clock = Cell(row, columns.clock);
  if (columns.moment) {
    const std::string_view both = Cell(row, columns.moment);
    const std::size_t gap = both.find_first_of(" T");
    if (gap == both.npos) return std::nullopt;
    date = both.substr(0, gap);
    clock = both.substr(gap + 1);
  }
  const auto day_s = DateSeconds(date, order);
  const auto clock_s = ClockSeconds(clock);
  if (!day_s || !clock_s) return std::nullopt;
  return *day_s + *clock_s;
}

// AM and PM are written where the month comes first.
DateOrder OrderOf(const Cells& row, const PowerColumns& columns) {
  if (columns.order != DateOrder::kUnknown) return columns.order;
  for (const std::string_view cell : row) {
    if (ClockSeconds(cell) && (cell.ends_with("M") || cell.ends_with("m"))) {
      return DateOrder::kMonthFirst;
    }
  }
  const std::string_view moment = Cell(row, columns.moment);
  return moment.ends_with("AM") || moment.ends_with("PM") ? DateOrder::kMonthFirst
                                                          : DateOrder::kUnknown;
}

std::string FormatOf(const CsvTable& table, std::size_t header) {
  const Cells& titles = table.rows[header];
  const bool smart = titles.size() == 5 && titles[1] == "wavelength[nm]";
  bool thorlabs = false;
  for (std::size_t row = 0; row <= header; ++row) {
    for (const std::string_view cell : table.rows[row]) {
      thorlabs = thorlabs || cell.find("Thorlabs") != cell.npos || cell == "Power (W)";
    }
  }
  return smart ? "SmartLPM CSV" : thorlabs ? "Thorlabs OPM CSV" : "power CSV";
}

std::size_t FindHeader(const CsvTable& table, PowerColumns& columns) {
  if (table.rows.empty()) Unreadable("the log is empty; export it again from the power meter");
  for (std::size_t row = 0; row < std::min(kHeaderWithin, table.rows.size()); ++row) {
    columns = ReadPowerColumns(table.rows[row]);
    // A title such as "Power meter: PM100D" is no header: numbers follow a header.
    if (columns.power && row + 1 < table.rows.size() &&
        NumberOf(Cell(table.rows[row + 1], columns.power))) {
      return row;
    }
  }
  Unreadable(
      "the file is no power log: no header line with a power column and numbers below it was "
      "found; export the log as CSV with its header");
}

PowerRow ReadRow(const Cells& cells, const PowerColumns& columns, std::optional<double> moment_s) {
  PowerRow row;
  row.time_s = moment_s;
  row.power = *NumberOf(Cell(cells, columns.power));
  row.line_nm = NumberOf(Cell(cells, columns.line));
  row.setting_percent = NumberOf(Cell(cells, columns.setting));
  row.temperature_c = NumberOf(Cell(cells, columns.temperature));
  return row;
}

void ReadRows(const CsvTable& table, std::size_t header, const PowerColumns& columns,
              PowerLog& log) {
  const DateOrder order = OrderOf(table.rows[header + 1], columns);
  std::optional<double> first;
  log.timed = true;
  for (std::size_t index = header + 1; index < table.rows.size(); ++index) {
    const Cells& cells = table.rows[index];
    if (!NumberOf(Cell(cells, columns.power))) {
      if (index + 1 == table.rows.size()) break;  // the meter was still writing it
      Unreadable("row " + std::to_string(index + 1) + " of the log states no power ('" +
                 Printable(Cell(cells, columns.power).substr(0, 40)) +
                 "'); correct it or export the log again");
    }
    const auto moment = MomentOf(cells, columns, order);
    if (!first) first = moment;
    log.timed = log.timed && moment && first;
    log.rows.push_back(
        ReadRow(cells, columns, log.timed ? std::optional(*moment - *first) : std::nullopt));
  }
  if (first && !columns.elapsed) log.acquired_at = IsoWithoutZone(*first);
}

void PutCommon(const char* key, std::optional<double> PowerRow::*member, PowerLog& log) {
  const std::optional<double> first = log.rows.front().*member;
  const bool common = std::all_of(log.rows.begin(), log.rows.end(),
                                  [&](const PowerRow& row) { return row.*member == first; });
  if (first && common) log.metadata[key] = *first;
}

}  // namespace

std::optional<double> MilliwattsPer(std::string_view unit) {
  constexpr std::array<std::pair<std::string_view, double>, 10> kUnits = {{{"W", 1e3},
                                                                           {"w", 1e3},
                                                                           {"mW", 1.0},
                                                                           {"mw", 1.0},
                                                                           {"uW", 1e-3},
                                                                           {"uw", 1e-3},
                                                                           {"\xC2\xB5W", 1e-3},
                                                                           {"\xB5W", 1e-3},
                                                                           {"nW", 1e-6},
                                                                           {"pW", 1e-9}}};
  for (const auto& [name, milliwatts] : kUnits) {
    if (unit == name) return milliwatts;
  }
  return std::nullopt;
}

PowerLog ReadPowerLog(std::string_view text) {
  const CsvTable table = SplitCsv(text);
  PowerColumns columns;
  const std::size_t header = FindHeader(table, columns);
  PowerLog log;
  log.format = FormatOf(table, header);
  log.mw_per_unit = MilliwattsPer(columns.power_unit);
  ReadRows(table, header, columns, log);
  PutCommon("line_nm", &PowerRow::line_nm, log);
  PutCommon("setting_percent", &PowerRow::setting_percent, log);
  return log;
}

PowerLog ReadPowerLogFile(int fd, std::uint64_t file_bytes) {
  if (file_bytes == 0) Unreadable("the file is empty (0 bytes); export the log again");
  if (file_bytes > kMaxLogBytes) Unreadable("the log is larger than 256 MB; split it");
  std::string text(file_bytes, '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t got = pread(fd, text.data() + done, text.size() - done, static_cast<off_t>(done));
    if (got <= 0) Unreadable("the log cannot be read to its end; copy it again");
    done += static_cast<std::size_t>(got);
  }
  return ReadPowerLog(text);
}

}  // namespace monitor::acquisition
