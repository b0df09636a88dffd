#pragma once

#include <span>
#include <string>
#include <variant>
#include <vector>

#include "qc_metrics/power.h"

namespace qc_metrics {

/// One pulse as the instrument was told to make it.
struct RunSheetRow {
  double start_s = 0.0;  ///< on a clock of its own
  double end_s = 0.0;
  double line_nm = 0.0;
  double setting_percent = 0.0;
};

/// A log whose pulses have found their rows.
struct RunSheetMatch {
  std::vector<PowerSample> samples;  ///< line and setting of the sheet, whatever the log said
  double offset_s = 0.0;             ///< the log's clock minus the sheet's
  double tolerance_s = 0.0;
};

/// Gives each pulse of a log the line and setting of its row, first to first, last to last.
///
/// Input    samples in time order, finite; rows in time order, not overlapping.
/// Method   pulses are runs above a threshold between on and off (SwitchThreshold(), then the same
///          among what is below it, so that a weak line beside a strong one is found too); the
///          first threshold that gives as many pulses as rows counts. The two clocks may differ by
///          one offset (the median of the differences of the starts); beyond it each pulse must
///          begin and end within two sampling intervals and 1 s of its row. A pulse that the log's
///          begin or end cuts is not compared there. What lies between pulses takes the row before
///          it.
/// Errors   std::string: one sentence why sheet and log do not belong together; nothing is guessed.
[[nodiscard]] std::variant<RunSheetMatch, std::string> MatchRunSheet(
    std::span<const PowerSample> samples, std::span<const RunSheetRow> rows);

}  // namespace qc_metrics
