#pragma once

#include <optional>
#include <string_view>

namespace monitor::acquisition {

/// Micrometres of one `unit` as microscopes write it ("um", "micron", "µm" in UTF-8, Latin-1 or
/// ImageJ's `\u00B5m`, "nm", "mm" ...); absent for anything that is no length ("pixel").
[[nodiscard]] std::optional<double> MicrometresPer(std::string_view unit);

/// Seconds of one `unit` ("s", "sec", "ms", "min" ...); absent for anything else.
[[nodiscard]] std::optional<double> SecondsPer(std::string_view unit);

/// A positive finite number that fills `text` but for blanks; absent otherwise. Independent of the
/// locale.
[[nodiscard]] std::optional<double> PositiveNumber(std::string_view text);

/// The same for any finite number.
[[nodiscard]] std::optional<double> FiniteNumber(std::string_view text);

}  // namespace monitor::acquisition
