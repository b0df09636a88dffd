#include "monitor/acquisition/csv_table.h"

#include <algorithm>

#include "monitor/acquisition/length_unit.h"
#include "monitor/acquisition/limits.h"
#include "monitor/acquisition/read_error.h"

namespace monitor::acquisition {
namespace {

constexpr int kLookedAtLines = 50;

std::string_view Bare(std::string_view cell) {
  constexpr std::string_view kBlanks = " \t\r";
  const auto trim = [&cell](std::string_view letters) {
    const std::size_t first = cell.find_first_not_of(letters);
    if (first == cell.npos) return std::string_view();
    return cell.substr(first, cell.find_last_not_of(letters) - first + 1);
  };
  cell = trim(kBlanks);
  if (cell.size() >= 2 && cell.front() == '"' && cell.back() == '"') {
    cell.remove_prefix(1);
    cell.remove_suffix(1);
    cell = trim(kBlanks);
  }
  return cell;
}

char Delimiter(std::string_view text) {
  std::string head;
  std::size_t end = 0;
  for (int line = 0; line < kLookedAtLines && end < text.size(); ++line) {
    const std::size_t next = std::min(text.find('\n', end), text.size() - 1) + 1;
    if (text[end] != '#') head += text.substr(end, next - end);
    end = next;
  }
  char best = '\t';
  long most = 0;
  for (const char candidate : {'\t', ';', ','}) {
    const long count = std::count(head.begin(), head.end(), candidate);
    if (count > most) {
      most = count;
      best = candidate;
    }
  }
  return best;
}

std::vector<std::string_view> SplitLine(std::string_view line, char delimiter) {
  std::vector<std::string_view> cells;
  while (true) {
    const std::size_t end = line.find(delimiter);
    cells.push_back(Bare(line.substr(0, end)));
    if (end == std::string_view::npos) return cells;
    line.remove_prefix(end + 1);
  }
}

}  // namespace

CsvTable SplitCsv(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (text.find('\0') != text.npos) {
    throw ReadError(ReadFault::kUnreadable,
                    "the file is no text; export the power log as CSV in UTF-8");
  }
  CsvTable table;
  table.delimiter = Delimiter(text);
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.size() > kMaxLogLineBytes) {
      throw ReadError(ReadFault::kUnreadable, "a line is longer than " +
                                                  std::to_string(kMaxLogLineBytes) +
                                                  " bytes; this is no power log");
    }
    ++number;
    if (line.starts_with('#')) {
      table.comments.push_back(Bare(line.substr(1)));
      continue;
    }
    if (Bare(line).empty()) continue;
    if (table.rows.size() >= kMaxLogRows) {
      throw ReadError(ReadFault::kUnsupported,
                      "the log has more than " + std::to_string(kMaxLogRows) + " rows; split it");
    }
    table.rows.push_back(SplitLine(line, table.delimiter));
    table.lines.push_back(number);
  }
  return table;
}

std::optional<double> CellNumber(std::string_view cell) {
  if (cell.starts_with('[') && cell.ends_with(']')) cell = cell.substr(1, cell.size() - 2);
  if (const auto number = FiniteNumber(cell)) return number;
  std::string text(cell);
  std::replace(text.begin(), text.end(), ',', '.');
  return FiniteNumber(text);
}

}  // namespace monitor::acquisition
