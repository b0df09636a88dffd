#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "monitor/measurement/input_file.h"
#include "monitor/measurement/isolation.h"
#include "monitor/measurement/setup.h"
#include "monitor/report/picture.h"
#include "qc_metrics/result.h"

namespace monitor::measurement {

/// What the isolated child works on.
struct AnalysisJob {
  std::string analysis;
  std::vector<const InputFile*> files;
  std::vector<std::string> names;   ///< as shown, in the order of `files`
  std::vector<SetupLayers> layers;  ///< in the order of `files`
  bool pictures = true;
};

/// A file that was read beside one that was named: part of a set.
struct InputPart {
  std::size_t input = 0;  ///< which of the named files names it
  std::string name;
  std::string sha256;
  std::uint64_t bytes = 0;
};

/// What it hands back. `measured` false: readable, but without a result.
struct AnalysisOutcome {
  bool measured = false;
  qc_metrics::Report report;
  Setup setup;
  std::map<int, std::string> channel_names;  ///< as each channel's own input names it
  std::vector<std::string> formats;          ///< in the order of the files read
  std::vector<InputPart> parts;
  std::optional<std::string> acquired_at;    ///< as the first file that states one writes it
  std::vector<report::Picture> pictures;
};

/// Reads and measures; progress in [0, 1].
/// Errors  UsageError; acquisition::ReadError; std::bad_alloc.
[[nodiscard]] AnalysisOutcome Analyse(const AnalysisJob& job, const ReportProgress& progress);

// One function an analysis, each in the file of its name.
[[nodiscard]] AnalysisOutcome AnalyseDetector(const AnalysisJob& job,
                                              const ReportProgress& progress);
[[nodiscard]] AnalysisOutcome AnalyseStage(const AnalysisJob& job, const ReportProgress& progress);
[[nodiscard]] AnalysisOutcome AnalyseSectioning(const AnalysisJob& job,
                                                const ReportProgress& progress);
[[nodiscard]] AnalysisOutcome AnalysePsf(const AnalysisJob& job, const ReportProgress& progress);
[[nodiscard]] AnalysisOutcome AnalyseCoregistration(const AnalysisJob& job,
                                                    const ReportProgress& progress);
[[nodiscard]] AnalysisOutcome AnalyseGeometry(const AnalysisJob& job,
                                              const ReportProgress& progress);
[[nodiscard]] AnalysisOutcome AnalyseIllumination(const AnalysisJob& job,
                                                  const ReportProgress& progress);
[[nodiscard]] AnalysisOutcome AnalysePower(const AnalysisJob& job, const ReportProgress& progress);

}  // namespace monitor::measurement
