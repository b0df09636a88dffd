#pragma once

#include <cstdint>
#include <opencv2/core.hpp>
#include <optional>
#include <vector>

#include "qc_metrics/measured.h"
#include "qc_metrics/stack.h"

namespace qc_metrics {

/// What to look at while the frames pass.
struct SeriesOptions {
  std::optional<double> saturation_adu;  ///< a value at or above it is saturated
  cv::Mat
      left_out;  ///< CV_8U, rows x cols: pixels that are not 0 stay out of `difference_variance`
  bool differences = false;  ///< also sum the squared differences of frames that follow each other
};

/// Mean and variance in time of each pixel, and mean over the pixels of each frame.
struct PixelSeries {
  int frames = 0;
  cv::Mat mean;                    ///< CV_32F, ADU
  cv::Mat variance;                ///< CV_32F, ADU^2, sample variance (n - 1); empty for one frame
  cv::Mat saturated;               ///< CV_8U, 255 where any frame was saturated; empty: none was
  std::vector<double> frame_mean;  ///< ADU, over all pixels
  double difference_variance = 0.0;  ///< ADU^2, half the mean squared difference of neighbours
};

/// Runs once over a series of frames.
///
/// Input     `frames` of one size and type (CV_8U, CV_16U, CV_32S, CV_32F), headers over mapped
///           pages as a rule; each voxel is touched once.
/// Method    sums shifted by the first frame's value, exact algebra: mean = x0 + S1 / n, variance =
///           (S2 - S1^2 / n) / (n - 1). Tiles of some 32,000 pixels, so that the sums stay in the
///           cache while all frames of a tile pass: memory does not grow with the frames.
/// Errors    kUnsupportedFormat (empty, sizes or types differ, more than one channel), kNotFinite.
/// Accuracy  single precision sums: 1e-6 of the variance for 1000 frames.
/// Threads   reentrant, keeps no state, starts no thread.
[[nodiscard]] Measured<PixelSeries> SumSeries(const Stack& frames, const SeriesOptions& options);

}  // namespace qc_metrics
