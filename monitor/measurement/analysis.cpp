#include "monitor/measurement/analysis.h"

#include <new>
#include <opencv2/core.hpp>

namespace monitor::measurement {

AnalysisOutcome Analyse(const AnalysisJob& job, const ReportProgress& progress) {
  try {
    if (job.analysis == "psf") return AnalysePsf(job, progress);
    if (job.analysis == "power") return AnalysePower(job, progress);
    return AnalyseIllumination(job, progress);
  } catch (const cv::Exception& error) {
    // OpenCV has its own word for memory that is not to be had.
    if (error.code == cv::Error::StsNoMem) throw std::bad_alloc();
    throw;
  }
}

}  // namespace monitor::measurement
