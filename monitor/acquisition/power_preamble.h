#pragma once

#include <cstddef>
#include <string_view>

#include "monitor/acquisition/csv_table.h"
#include "monitor/acquisition/power_log.h"

namespace monitor::acquisition {

/// First words of a record that RecordPower() writes, behind its '#'.
inline constexpr std::string_view kRecordTitle = "Etalon power record";

/// Reads what stands above the header (row `header` of `table`) and in comment lines: the meter's
/// wavelength and the sensor's serial number, when and of which meter a record was taken, which
/// replies were refused and why it ended early.
void ReadPreamble(const CsvTable& table, std::size_t header, PowerLog& log);

}  // namespace monitor::acquisition
