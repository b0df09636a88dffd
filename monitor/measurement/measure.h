#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/measurement/converter.h"
#include "monitor/measurement/input_file.h"
#include "monitor/measurement/isolation.h"
#include "monitor/measurement/setup.h"
#include "monitor/report/picture.h"

namespace monitor::measurement {

inline constexpr int kMeasured = 0;
inline constexpr int kWrongUsage = 2;
inline constexpr int kUnmeasurable = 3;
inline constexpr int kUnreadable = 4;
inline constexpr int kInternal = 5;

/// All names that `etalon measure` knows, and those that this version measures.
[[nodiscard]] std::span<const std::string_view> AnalysisNames();
[[nodiscard]] bool IsMeasuredHere(std::string_view analysis);

struct MeasurementRequest {
  std::string analysis;
  std::vector<InputSpec> inputs;
  SetupLayers setup;
  std::string measured_at;  ///< RFC 3339 UTC; only the mains read a clock
  bool pictures = true;
  IsolationLimits limits;
  ConverterCommand converter;  ///< that each image goes through first; empty: none
  ReportProgress progress;  ///< may be empty
};

struct MeasurementResult {
  nlohmann::json document;  ///< etalon.measurement/1
  std::vector<report::Picture> pictures;
  int exit_code = kInternal;  ///< 0, 3 or 4
};

/// Measures files in a child process with limits, while their digests are taken beside it.
/// Whatever an input does ends in a document with findings.
/// Errors  UsageError (exit code 2); std::exception for what is our fault (exit code 5).
[[nodiscard]] MeasurementResult Measure(const MeasurementRequest& request);

}  // namespace monitor::measurement
