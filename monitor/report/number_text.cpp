#include "monitor/report/number_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace monitor::report {
namespace {

std::string WithTrueMinus(std::string text) {
  if (!text.empty() && text[0] == '-') text.replace(0, 1, "\u2212");
  return text;
}

/// Decimals that show `digits` significant digits of `value`, after rounding to them: 0.0996 to two
/// digits is 0.10, which has one decimal less than its first digit suggests.
int DecimalsFor(double value, int digits) {
  if (value == 0.0) return digits - 1;
  int exponent = static_cast<int>(std::floor(std::log10(std::fabs(value))));
  const double scale = std::pow(10.0, digits - 1 - exponent);
  if (std::round(std::fabs(value) * scale) >= std::pow(10.0, digits)) ++exponent;
  return digits - 1 - exponent;
}

std::string Fixed(double value, int decimals) {
  if (decimals >= 0) return fmt::format("{:.{}f}", value, std::min(decimals, 12));
  const double step = std::pow(10.0, -decimals);
  return fmt::format("{:.0f}", std::round(value / step) * step);
}

bool NeedsExponent(double value) {
  const double size = std::fabs(value);
  return size != 0.0 && (size < 1e-4 || size >= 1e7);
}

std::string Superscript(int exponent) {
  static constexpr const char* kDigits[] = {"\u2070", "\u00b9", "\u00b2", "\u00b3", "\u2074",
                                            "\u2075", "\u2076", "\u2077", "\u2078", "\u2079"};
  std::string text = exponent < 0 ? "\u207b" : "";
  for (const char digit : std::to_string(std::abs(exponent))) text += kDigits[digit - '0'];
  return text;
}

}  // namespace

std::string NumberText(double value) {
  // Counts and nominal values are exact: no digits are made up behind them.
  if (value == std::trunc(value) && std::fabs(value) < 1e7) {
    return WithTrueMinus(fmt::format("{:.0f}", value == 0.0 ? 0.0 : value));
  }
  if (NeedsExponent(value)) {
    const int exponent = static_cast<int>(std::floor(std::log10(std::fabs(value))));
    return WithTrueMinus(fmt::format("{:.3f}", value / std::pow(10.0, exponent))) + " × 10" +
           Superscript(exponent);
  }
  return WithTrueMinus(Fixed(value, std::max(0, DecimalsFor(value, 4))));
}

std::string NominalText(double value) {
  if (value == std::trunc(value) || NeedsExponent(value)) return NumberText(value);
  return WithTrueMinus(fmt::format("{:.6g}", value));
}

std::string TickText(double value, double step) {
  if (!(step > 0.0) || NeedsExponent(step)) return NumberText(value);
  const int decimals = std::max(0, static_cast<int>(std::ceil(-std::log10(step) - 1e-9)));
  const bool is_zero = std::fabs(value) < 0.5 * step;
  return is_zero ? "0" : WithTrueMinus(Fixed(value, decimals));
}

std::string ValueText(double value, std::optional<double> expanded_u) {
  if (!expanded_u || !std::isfinite(*expanded_u) || *expanded_u <= 0.0) return NumberText(value);
  const double larger = std::max(std::fabs(value), *expanded_u);
  if (NeedsExponent(larger)) {
    const int exponent = static_cast<int>(std::floor(std::log10(larger)));
    const double scale = std::pow(10.0, exponent);
    const int decimals = DecimalsFor(*expanded_u / scale, 2);
    return "(" + WithTrueMinus(Fixed(value / scale, decimals)) + " ± " +
           Fixed(*expanded_u / scale, decimals) + ") × 10" + Superscript(exponent);
  }
  const int decimals = DecimalsFor(*expanded_u, 2);
  return WithTrueMinus(Fixed(value, decimals)) + " ± " + Fixed(*expanded_u, decimals);
}

std::string UnitText(std::string_view ucum) {
  if (ucum == "1" || ucum.empty()) return "";
  if (ucum == "um") return "µm";
  if (ucum == "um/min") return "µm/min";
  if (ucum == "um2") return "µm²";
  if (ucum == "1/um") return "µm⁻¹";
  if (ucum == "1/um2") return "µm⁻²";
  if (ucum == "W/cm2") return "W/cm²";
  if (ucum == "deg") return "°";
  if (ucum == "1/h") return "per hour";
  if (ucum == "{px}") return "px";
  if (ucum == "{adu}") return "ADU";
  if (ucum == "{electron}") return "e⁻";
  if (ucum == "{electron}/{adu}") return "e⁻/ADU";
  if (ucum == "{electron}/s") return "e⁻/s";
  return std::string(ucum);
}

}  // namespace monitor::report
