#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "monitor/acquisition/log_time.h"

namespace monitor::acquisition {

/// Which column holds what, as the header says.
struct PowerColumns {
  std::optional<std::size_t> moment;  ///< date and time of day in one cell
  std::optional<std::size_t> date;
  std::optional<std::size_t> clock;
  std::optional<std::size_t> elapsed;
  double elapsed_unit_s = 1.0;
  std::optional<std::size_t> power;
  std::string power_unit;  ///< empty: not stated
  std::optional<std::size_t> line;
  std::optional<std::size_t> setting;
  std::optional<std::size_t> temperature;
  DateOrder order = DateOrder::kUnknown;
};

/// The columns of a header row; `power` is absent when the row is none.
[[nodiscard]] PowerColumns ReadPowerColumns(std::span<const std::string_view> header);

/// Completes `columns` from a row of units below the header, as the QUAREP-LiMi Tool-Kit allows.
void TakeUnitRow(std::span<const std::string_view> units, PowerColumns& columns);

}  // namespace monitor::acquisition
