#pragma once

#include "monitor/acquisition/image.h"
#include "monitor/measurement/analysis.h"
#include "monitor/measurement/arrange_planes.h"

namespace monitor::measurement {

/// An image file with its setup, planes arranged and cut.
struct ImageInput {
  acquisition::Image image;
  Setup setup;
  bool saturation_is_default = false;  ///< nobody stated the saturation level
  cv::Rect region;  ///< of the whole image; positions are reported in the whole image
};

/// Reads the file at `index` of the job and notes format, date and findings in `outcome`.
/// Errors  as Analyse; the sentence names the file.
[[nodiscard]] ImageInput ReadImageInput(const AnalysisJob& job, std::size_t index,
                                        NaturalAxis natural, AnalysisOutcome& outcome);

/// Adds a fault finding for each key that was needed and missing; true when there is one.
[[nodiscard]] bool NoteMissingKeys(const Setup& setup, AnalysisOutcome& outcome);

}  // namespace monitor::measurement
