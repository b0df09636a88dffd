#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "qc_metrics/power_run_sheet.h"

namespace monitor::acquisition {

/// A run sheet: which line at which setting was on from when to when.
struct RunSheet {
  std::vector<qc_metrics::RunSheetRow> rows;
  /// Times are of a clock with a date: seconds since 1970 without a zone. Else they count from an
  /// unknown start.
  bool dated = false;
};

/// Reads a table with the columns start, end, line_nm and setting_percent. Times are seconds, or
/// clock times with or without a date ("2024-11-08 17:27:32").
/// Errors  ReadError that names the line.
[[nodiscard]] RunSheet ReadRunSheet(std::string_view text);

/// Seconds since 1970 without a zone of a log's "2024-11-08T17:27:32.678"; absent for other text.
[[nodiscard]] std::optional<double> MomentOfIso(std::string_view iso);

}  // namespace monitor::acquisition
