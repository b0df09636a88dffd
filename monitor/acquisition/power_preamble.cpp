#include "monitor/acquisition/power_preamble.h"

#include <optional>
#include <string>

#include "monitor/acquisition/printable.h"

namespace monitor::acquisition {
namespace {

using qc_metrics::Severity;

constexpr std::size_t kMostWords = 200;

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

std::string_view Trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// "488", "488 nm", "488nm"; nothing else is a wavelength.
std::optional<double> Nanometres(std::string_view text) {
  text = Trimmed(text);
  if (text.ends_with("nm")) text = Trimmed(text.substr(0, text.size() - 2));
  const auto nm = CellNumber(text);
  return nm && *nm >= 100.0 && *nm <= 3000.0 ? nm : std::nullopt;
}

struct Pair {
  std::string name;  // lower case
  std::string_view value;
};

Pair PairOf(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == text.npos) return {};
  return {Lower(Trimmed(text.substr(0, colon))), Trimmed(text.substr(colon + 1))};
}

void TakePair(const Pair& pair, PowerLog& log) {
  if (pair.name.starts_with("wavelength") || pair.name == "meter_wavelength_nm") {
    if (const auto nm = Nanometres(pair.value)) log.metadata["meter_wavelength_nm"] = *nm;
  } else if (pair.name == "sensor serial" || pair.name == "sensor_serial" ||
             pair.name == "sensor s/n") {
    if (!pair.value.empty()) log.metadata["sensor_serial"] = Printable(pair.value.substr(0, 80));
  } else if (pair.name == "started") {
    log.acquired_at = std::string(pair.value.substr(0, 40));
  }
}

// What a record says of its own making.
void TakeEvent(std::string_view comment, PowerLog& log) {
  const Pair pair = PairOf(comment);
  const std::string said = Printable(pair.value.substr(0, kMostWords));
  if (pair.name == "ended early") {
    log.notes.push_back(
        {"too_few", Severity::kWarning,
         "the recording ended early: " + said + "; check the meter and its cable, and record again",
         std::nullopt});
  } else if (pair.name == "refused") {
    log.notes.push_back({"not_finite", Severity::kWarning,
                         "the meter gave replies without a power: " + said, std::nullopt});
  } else if (pair.name == "over range") {
    log.notes.push_back({"saturated", Severity::kWarning,
                         "the meter was over its range: " + said +
                             "; choose a higher range or automatic ranging, and record again",
                         std::nullopt});
  } else {
    TakePair(pair, log);
  }
}

}  // namespace

void ReadPreamble(const CsvTable& table, std::size_t header, PowerLog& log) {
  for (std::size_t row = 0; row < header; ++row) {
    const auto& cells = table.rows[row];
    TakePair(PairOf(cells.front()), log);
    if (cells.size() < 2) continue;
    std::string name = Lower(cells.front());
    if (name.ends_with(':')) name.pop_back();
    TakePair({std::move(name), cells[1]}, log);
  }
  if (log.format != "Etalon power record") return;
  for (const std::string_view comment : table.comments) TakeEvent(comment, log);
}

}  // namespace monitor::acquisition
