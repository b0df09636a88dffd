#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/acquisition/power_columns.h"
#include "qc_metrics/result.h"

namespace monitor::acquisition {

/// The times of a log's rows, as one rising sequence.
struct PowerTimes {
  std::vector<double> seconds;             ///< from the first row; empty: the log states no times
  std::optional<std::string> acquired_at;  ///< absent where no date is stated, or an ambiguous one
  std::vector<bool> repeated;              ///< rows that repeat the row before, by row; or empty
  std::vector<qc_metrics::Finding> notes;
};

/// Reads the times of `rows` (cells of the table's rows below the header).
///
/// Method  A date with slashes is read in the order that the header, or a number above 12, or AM/PM
///         (month first; said) tells; in an order that nothing tells only where the whole log is of
///         one day, and then without a date. A clock without a date may pass midnight. One step
///         back by an hour within an hour and a second of the interval is the end of summer time:
///         it is taken out and said. Rows that share a stamp are set evenly up to the next one.
///         A row that repeats time and cells of the one before is `repeated`.
[[nodiscard]] PowerTimes ReadPowerTimes(std::span<const std::vector<std::string_view>> rows,
                                        const PowerColumns& columns);

}  // namespace monitor::acquisition
