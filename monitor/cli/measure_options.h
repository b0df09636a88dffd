#pragma once

#include <string>
#include <vector>

#include "monitor/measurement/measure.h"

namespace monitor::cli {

/// The command line of `etalon measure`, understood.
struct MeasureOptions {
  measurement::MeasurementRequest request;  ///< but for the clock and the progress bar
  std::string json_path;                    ///< empty: none; "-": standard output
  std::string report_path;
  std::string pictures_dir;
  std::string record_path;  ///< of a live power meter's record
  bool quiet = false;
  bool help = false;
};

/// Reads the arguments after the subcommand's name.
/// Errors  measurement::UsageError, one sentence.
[[nodiscard]] MeasureOptions ParseMeasureOptions(int argc, char** argv);

/// What `etalon measure --help` prints.
[[nodiscard]] std::string MeasureHelp();

}  // namespace monitor::cli
