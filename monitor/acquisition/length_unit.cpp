#include "monitor/acquisition/length_unit.h"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace monitor::acquisition {
namespace {

using Row = std::pair<std::string_view, double>;

constexpr std::array kLengths = {
    Row{"um", 1.0},          Row{"\xC2\xB5m", 1.0},  Row{"\xCE\xBCm", 1.0},
    Row{"\xB5m", 1.0},       Row{"\\u00B5m", 1.0},   Row{"\\u00b5m", 1.0},
    Row{"micron", 1.0},      Row{"microns", 1.0},    Row{"micrometer", 1.0},
    Row{"micrometers", 1.0}, Row{"micrometre", 1.0}, Row{"micrometres", 1.0},
    Row{"nm", 1e-3},         Row{"nanometer", 1e-3}, Row{"pm", 1e-6},
    Row{"mm", 1e3},          Row{"millimeter", 1e3}, Row{"cm", 1e4},
    Row{"m", 1e6},           Row{"inch", 25400.0},   Row{"in", 25400.0},
    Row{"\xC3\x85", 1e-4},   Row{"A", 1e-4},
};

constexpr std::array kTimes = {
    Row{"s", 1.0},    Row{"sec", 1.0},   Row{"second", 1.0}, Row{"seconds", 1.0},
    Row{"ms", 1e-3},  Row{"msec", 1e-3}, Row{"us", 1e-6},    Row{"\xC2\xB5s", 1e-6},
    Row{"min", 60.0}, Row{"h", 3600.0},
};

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) {
    text.remove_suffix(1);
  }
  return text;
}

template <std::size_t kRows>
std::optional<double> Look(const std::array<Row, kRows>& table, std::string_view unit) {
  for (const Row& row : table) {
    if (row.first == Trimmed(unit)) return row.second;
  }
  return std::nullopt;
}

}  // namespace

std::optional<double> MicrometresPer(std::string_view unit) { return Look(kLengths, unit); }

std::optional<double> SecondsPer(std::string_view unit) { return Look(kTimes, unit); }

std::optional<double> FiniteNumber(std::string_view text) {
  text = Trimmed(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0.0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

std::optional<double> PositiveNumber(std::string_view text) {
  const std::optional<double> value = FiniteNumber(text);
  return value && *value > 0.0 ? value : std::nullopt;
}

}  // namespace monitor::acquisition
