#include "monitor/acquisition/power_log.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "monitor/acquisition/csv_table.h"
#include "monitor/acquisition/length_unit.h"
#include "monitor/acquisition/limits.h"
#include "monitor/acquisition/power_columns.h"
#include "monitor/acquisition/power_preamble.h"
#include "monitor/acquisition/power_times.h"
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

// Cells that hold no number but a way of writing it: YYYY-MM-DD HH:MM:SS, nm, %, W.
bool IsUnitRow(const Cells& row, const PowerColumns& columns) {
  const std::string_view unit = Cell(row, columns.power);
  return unit.find_first_of("0123456789") == unit.npos && unit.size() <= 8;
}

struct Header {
  std::size_t row = 0;
  std::size_t first = 0;  // row of numbers
  PowerColumns columns;
};

std::optional<Header> HeaderAt(const CsvTable& table, std::size_t row) {
  Header header{.row = row, .first = row + 1, .columns = ReadPowerColumns(table.rows[row])};
  if (!header.columns.power || row + 1 >= table.rows.size()) return std::nullopt;
  // A title such as "Power meter: PM100D" is no header: numbers follow a header.
  if (CellNumber(Cell(table.rows[row + 1], header.columns.power))) return header;
  if (row + 2 >= table.rows.size() || !IsUnitRow(table.rows[row + 1], header.columns) ||
      !CellNumber(Cell(table.rows[row + 2], header.columns.power))) {
    return std::nullopt;
  }
  header.first = row + 2;
  TakeUnitRow(table.rows[row + 1], header.columns);
  return header;
}

bool IsRecord(const CsvTable& table) {
  return !table.comments.empty() && table.comments.front().starts_with(kRecordTitle);
}

// A record of a meter that never answered says why, and has no readings below.
void RefuseEmptyRecord(const CsvTable& table) {
  if (table.rows.size() > 1) return;
  for (const std::string_view comment : table.comments) {
    if (!comment.starts_with("ended early: ")) continue;
    Unreadable("the record holds no reading: " + Printable(comment.substr(13, 200)));
  }
}

Header FindHeader(const CsvTable& table) {
  if (IsRecord(table)) RefuseEmptyRecord(table);
  if (table.rows.empty()) Unreadable("the log is empty; export it again from the power meter");
  for (std::size_t row = 0; row < std::min(kHeaderWithin, table.rows.size()); ++row) {
    if (const auto header = HeaderAt(table, row)) return *header;
  }
  Unreadable(
      "the file is no power log: no header line with a power column and numbers below it was "
      "found; export the log as CSV with its header");
}

std::string FormatOf(const CsvTable& table, const Header& header) {
  if (IsRecord(table)) return "Etalon power record";
  const Cells& titles = table.rows[header.row];
  if (titles.size() == 5 && titles[1] == "wavelength[nm]") return "SmartLPM CSV";
  for (std::size_t row = 0; row <= header.row; ++row) {
    for (const std::string_view cell : table.rows[row]) {
      if (cell.find("Thorlabs") != cell.npos || cell == "Power (W)") return "Thorlabs OPM CSV";
    }
  }
  const bool tool_kit = titles.front() == "timestamp" &&
                        std::find(titles.begin(), titles.end(), "power") != titles.end();
  return tool_kit ? "QUAREP Tool-Kit text" : "power CSV";
}

// "0,1,5": half a number in a cell of its own would be read as a power of 1.
void RefuseDecimalComma(const CsvTable& table, std::size_t row, std::size_t titles) {
  const Cells& cells = table.rows[row];
  if (table.delimiter != ',' || cells.size() <= titles) return;
  for (std::size_t i = titles; i < cells.size(); ++i) {
    if (cells[i].empty()) continue;
    Unreadable("line " + std::to_string(table.lines[row]) +
               " of the log has more cells than its header, as numbers with a decimal comma have "
               "in a table that is cut at commas; export it with semicolons or tabs");
  }
}

PowerRow ReadRow(const Cells& cells, const PowerColumns& columns) {
  PowerRow row;
  row.power = *CellNumber(Cell(cells, columns.power));
  row.line_nm = CellNumber(Cell(cells, columns.line));
  row.setting_percent = CellNumber(Cell(cells, columns.setting));
  row.temperature_c = CellNumber(Cell(cells, columns.temperature));
  return row;
}

// 1,234 is a thousand to one program and a bit over one to another; a log that writes 0.5 as well
// shows that its commas are no decimal signs.
void RefuseTwoDecimalSigns(std::span<const Cells> rows, const PowerColumns& columns) {
  bool comma = false;
  bool point = false;
  for (const Cells& row : rows) {
    const std::string_view cell = Cell(row, columns.power);
    comma = comma || cell.find(',') != cell.npos;
    point = point || cell.find('.') != cell.npos;
  }
  if (comma && point) {
    Unreadable(
        "the log writes its powers with points and with commas, so a comma may part "
        "thousands or decimals; export it with one decimal sign and no thousands sign");
  }
}

void ReadRows(const CsvTable& table, const Header& header, PowerLog& log) {
  std::span<const Cells> rows(table.rows.begin() + static_cast<std::ptrdiff_t>(header.first),
                              table.rows.end());
  const auto whole = [&](const Cells& cells) {
    return CellNumber(Cell(cells, header.columns.power)).has_value();
  };
  if (!whole(rows.back())) rows = rows.first(rows.size() - 1);  // the meter was still writing it
  for (std::size_t i = 0; i < rows.size(); ++i) {
    RefuseDecimalComma(table, header.first + i, table.rows[header.row].size());
    if (whole(rows[i])) continue;
    Unreadable("row " + std::to_string(table.lines[header.first + i]) +
               " of the log states no power ('" +
               Printable(Cell(rows[i], header.columns.power).substr(0, 40)) +
               "'); correct it or export the log again");
  }
  RefuseTwoDecimalSigns(rows, header.columns);
  PowerTimes times = ReadPowerTimes(rows, header.columns);
  log.timed = !times.seconds.empty();
  log.acquired_at = times.acquired_at;
  log.notes = std::move(times.notes);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!times.repeated.empty() && times.repeated[i]) continue;
    log.rows.push_back(ReadRow(rows[i], header.columns));
    if (log.timed) log.rows.back().time_s = times.seconds[i];
  }
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
  const Header header = FindHeader(table);
  PowerLog log;
  log.format = FormatOf(table, header);
  log.mw_per_unit = MilliwattsPer(header.columns.power_unit);
  ReadRows(table, header, log);
  // The wavelength that Thorlabs' program writes is the meter's; it knows no laser line.
  const bool meters = log.format == "Thorlabs OPM CSV";
  PutCommon(meters ? "meter_wavelength_nm" : "line_nm", &PowerRow::line_nm, log);
  for (PowerRow& row : log.rows) {
    if (meters) row.line_nm.reset();
  }
  PutCommon("setting_percent", &PowerRow::setting_percent, log);
  ReadPreamble(table, header.row, log);
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
