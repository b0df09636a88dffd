#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/acquisition/image.h"
#include "qc_metrics/result.h"

namespace monitor::acquisition {

/// One row of a power meter's log. Power is in the log's own unit.
struct PowerRow {
  std::optional<double> time_s;  ///< from the first row
  double power = 0.0;
  std::optional<double> line_nm;
  std::optional<double> setting_percent;
  std::optional<double> temperature_c;
};

struct PowerLog {
  /// "SmartLPM CSV", "Thorlabs OPM CSV", "QUAREP Tool-Kit text", "Etalon power record", "power CSV"
  std::string format;
  std::vector<PowerRow> rows;
  std::optional<double> mw_per_unit;  ///< absent: the log states no unit of power
  bool timed = false;                 ///< every row has a time
  /// line_nm, setting_percent where one holds for all rows; meter_wavelength_nm, sensor_serial
  /// where the lines above the header state them.
  Metadata metadata;
  std::optional<std::string> acquired_at;
  std::vector<qc_metrics::Finding> notes;  ///< what was done about its times, or lost on the way
};

/// Milliwatts of one `unit` ("W", "mW", "uW" ...); absent for anything else.
[[nodiscard]] std::optional<double> MilliwattsPer(std::string_view unit);

/// Reads the log of a power meter: SmartLPM (tab-separated, rows may lack the temperature),
/// Thorlabs Optical Power Monitor (header after some lines, US dates with AM or PM), the
/// QUAREP-LiMi Tool-Kit's text (units in a row of their own below the header), a record of
/// RecordPower(), or any table with a header cell for power, its unit in brackets or behind an
/// underscore. Times as ReadPowerTimes() says. Errors  ReadError; rows that are cut short at the
/// end of a log that was still being written are
///         left out, any other row that is no number names its line, and so does a decimal comma in
///         a table that is cut at commas.
[[nodiscard]] PowerLog ReadPowerLog(std::string_view text);

/// The same from a file.
[[nodiscard]] PowerLog ReadPowerLogFile(int fd, std::uint64_t file_bytes);

}  // namespace monitor::acquisition
