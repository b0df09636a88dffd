#include "monitor/measurement/analysis.h"

#include <algorithm>
#include <array>
#include <new>
#include <opencv2/core.hpp>
#include <stdexcept>

namespace monitor::measurement {
namespace {

struct AnalysisRow {
  std::string_view name;
  AnalysisOutcome (*analyse)(const AnalysisJob&, const ReportProgress&);
};

constexpr auto kRows = std::to_array<AnalysisRow>({
    {"psf", AnalysePsf},
    {"coregistration", AnalyseCoregistration},
    {"geometry", AnalyseGeometry},
    {"illumination", AnalyseIllumination},
    {"power", AnalysePower},
    {"detector", AnalyseDetector},
    {"stage", AnalyseStage},
    {"sectioning", AnalyseSectioning},
});

const AnalysisRow* FindRow(std::string_view name) {
  const auto row = std::ranges::find(kRows, name, &AnalysisRow::name);
  return row == kRows.end() ? nullptr : &*row;
}

}  // namespace

bool IsMeasuredHere(std::string_view analysis) { return FindRow(analysis) != nullptr; }

AnalysisOutcome Analyse(const AnalysisJob& job, const ReportProgress& progress) {
  const AnalysisRow* row = FindRow(job.analysis);
  if (row == nullptr) throw std::invalid_argument("no analysis is named " + job.analysis);
  try {
    return row->analyse(job, progress);
  } catch (const cv::Exception& error) {
    // OpenCV has its own word for memory that is not to be had.
    if (error.code == cv::Error::StsNoMem) throw std::bad_alloc();
    throw;
  }
}

}  // namespace monitor::measurement
