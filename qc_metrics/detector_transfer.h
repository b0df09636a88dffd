#pragma once

#include <optional>
#include <vector>

#include "qc_metrics/detector.h"
#include "qc_metrics/pixel_series.h"

namespace qc_metrics {

/// The dark level as a reference for flat series.
struct DarkReference {
  std::optional<double> offset_adu;  ///< at the flat series' exposure; absent: unknown
  cv::Mat mean;                      ///< CV_32F of each pixel; empty: only `offset_adu` is known
  double shift_adu = 0.0;            ///< what the dark current adds to `mean` at this exposure
  double noise_of_mean_adu2 = 0.0;   ///< mean variance of a pixel over the frames
};

/// One flat series as a level of the curve.
///
/// Method    variance in time of each pixel, averaged over the good ones; what the lamp did to
/// whole
///           frames (variance of the frames' means x mean(s^2) / mean(s)^2, s the signal) and the
///           rounding are removed. The variance of neighbouring frames' differences, freed in the
///           same way, must agree within .5 % and four standard errors, else the light changed
///           differently over the field. PRNU: residual of the signal from its mean over 7 x 7
///           pixels, noise removed.
[[nodiscard]] TransferLevel DescribeLevel(const PixelSeries& series, const cv::Mat& defects,
                                          const DarkReference& dark, bool integer);

/// The dark series as the level without light; absent with fewer than kNoiseFrames.
[[nodiscard]] std::optional<TransferLevel> DarkLevel(const DarkSeries& dark);

/// Fits the curve and derives what follows from it; marks the levels that it leaves out.
/// Absent with fewer than three levels in the fit, or a slope that is not above 0.
[[nodiscard]] std::optional<PhotonTransfer> FitTransfer(std::vector<TransferLevel>& levels);

}  // namespace qc_metrics
