#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace monitor::report {

/// A value as a metrologist writes it: U to two significant digits, the value to the same place,
/// "0.247 ± 0.006"; without U, four significant digits. True minus, no exponent between 1e-4 and
/// 1e7.
[[nodiscard]] std::string ValueText(double value, std::optional<double> expanded_u);

/// Four significant digits, true minus; whole numbers (counts, nominal values) without decimals.
[[nodiscard]] std::string NumberText(double value);

/// A stated value (a setting, a wavelength) as it was stated: six significant digits at most, none
/// made up behind them.
[[nodiscard]] std::string NominalText(double value);

/// A mark of an axis, with the decimals of the marks' distance `step`.
[[nodiscard]] std::string TickText(double value, double step);

/// What people read for a UCUM unit: "um" is "µm", "1" and "{px}" style braces are words or
/// nothing.
[[nodiscard]] std::string UnitText(std::string_view ucum);

}  // namespace monitor::report
