#include "monitor/acquisition/power_columns.h"

#include "monitor/acquisition/length_unit.h"

namespace monitor::acquisition {
namespace {

struct Title {
  std::string name;  // lower case, blanks and underscores as one blank
  std::string unit;  // as written in brackets
};

std::string Lower(std::string_view text) {
  std::string lower;
  for (const char c : text) {
    lower.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c == '_' ? ' ' : c);
  }
  return lower;
}

Title TitleOf(std::string_view cell) {
  const std::size_t open = cell.find_first_of("[(");
  Title title;
  if (open != cell.npos) {
    const std::size_t close = cell.find_first_of("])", open);
    title.unit = cell.substr(open + 1, close == cell.npos ? cell.npos : close - open - 1);
    cell = cell.substr(0, open);
  } else if (const std::size_t underscore = cell.rfind('_');
             underscore != cell.npos && cell.size() - underscore <= 8) {
    title.unit = cell.substr(underscore + 1);  // power_mw, elapsed_s
    cell = cell.substr(0, underscore);
  }
  title.name = Lower(cell);
  while (title.name.ends_with(' ')) title.name.pop_back();
  return title;
}

bool StartsWithAny(const std::string& name, std::initializer_list<std::string_view> words) {
  for (const std::string_view word : words) {
    if (name.starts_with(word)) return true;
  }
  return false;
}

void PutTime(const Title& title, std::size_t column, PowerColumns& columns) {
  const std::optional<double> unit_s = SecondsPer(title.unit);
  if (title.name == "date") {
    columns.date = column;
  } else if (title.name == "time of day") {
    columns.clock = column;
  } else if (StartsWithAny(title.name, {"elapsed", "time"}) && unit_s) {
    columns.elapsed = column;
    columns.elapsed_unit_s = *unit_s;
  } else if (StartsWithAny(title.name, {"timestamp", "date time", "datetime", "date and time"})) {
    columns.moment = column;
  } else if (title.name == "time") {
    columns.clock = column;  // with a date beside it, else looked at as a whole moment
  }
  const std::string pattern = Lower(title.unit);
  if (pattern.starts_with("mm/dd")) columns.order = DateOrder::kMonthFirst;
  if (pattern.starts_with("dd/mm")) columns.order = DateOrder::kDayFirst;
}

}  // namespace

PowerColumns ReadPowerColumns(std::span<const std::string_view> header) {
  PowerColumns columns;
  for (std::size_t column = 0; column < header.size(); ++column) {
    const Title title = TitleOf(header[column]);
    if (title.name.starts_with("power") && !columns.power) {
      columns.power = column;
      columns.power_unit = title.unit;
    } else if (StartsWithAny(title.name, {"wavelength", "line", "laser line"})) {
      columns.line = column;
    } else if (title.name.starts_with("setting")) {
      columns.setting = column;
    } else if (title.name.starts_with("temperature")) {
      columns.temperature = column;
    } else {
      PutTime(title, column, columns);
    }
  }
  if (!columns.date && !columns.moment && columns.clock) {
    columns.moment = columns.clock;
    columns.clock.reset();
  }
  return columns;
}

void TakeUnitRow(std::span<const std::string_view> units, PowerColumns& columns) {
  if (columns.power && columns.power_unit.empty() && *columns.power < units.size()) {
    columns.power_unit = units[*columns.power];
  }
}

}  // namespace monitor::acquisition
