#pragma once

#include <cstdint>
#include <opencv2/core.hpp>
#include <vector>

#include "qc_metrics/smooth_surface.h"

namespace qc_metrics {

/// Noise of one pixel as a line: variance = constant + slope x raw value, both >= 0, in ADU.
struct PixelNoise {
  double constant_adu2 = 0.0;
  double slope_adu = 0.0;

  [[nodiscard]] double VarianceAt(double raw_adu) const {
    return constant_adu2 + slope_adu * (raw_adu > 0.0 ? raw_adu : 0.0);
  }
};

/// Counts of pixel values on a uniform scale of at most 65536 levels.
struct ValueHistogram {
  double lowest = 0.0;  ///< value of level 0
  double step = 1.0;    ///< 1 for 8- and 16-bit images: then nothing is rounded
  std::vector<std::uint32_t> counts;
  std::int64_t total = 0;

  /// The value below which `fraction` of the pixels lie (nearest rank).
  [[nodiscard]] double Quantile(double fraction) const;
  /// The largest value that at least `fraction` of the pixels reach.
  [[nodiscard]] double QuantileFromTop(double fraction) const;
};

/// Everything that is read from the pixels themselves, in raw ADU.
struct FieldScan {
  bool finite = true;  ///< false: the rest is not filled
  double min_adu = 0.0, max_adu = 0.0;
  double mean_adu = 0.0, sd_adu = 0.0;            ///< population SD
  double darkest_adu = 0.0, brightest_adu = 0.0;  ///< means of the extreme 5 % of the pixels
  double smoothed_min_adu = 0.0, smoothed_max_adu = 0.0;  ///< after a Gaussian of sigma 2 px
  ValueHistogram smoothed;     ///< the same image, each fourth row and second column of it
  cv::Point2d bright_zone_px;  ///< centroid of the pixels at or above 90 % of the maximum
  BinnedImage binned;          ///< variance filled from `noise`
  PixelNoise noise;
};

/// Walks twice over an image of one channel of CV_8U, CV_16U, CV_32S or CV_32F, both sides >= 32
/// px: for the range and two percentiles, then for all the rest.
///
/// The mean m of the brightest n pixels is t + sum(max(0, v - t)) / n for the n-th brightest value
/// t, and has its least value there, so that an error of t enters squared: t comes from a sample of
/// the rows (all of them up to 1023 rows, then m is exact; else within 1e-6 of the range).
/// Source: R. T. Rockafellar, S. Uryasev, Journal of Risk 2, 21 (2000), theorem 1.
///
/// Noise is estimated from second differences of three neighbouring pixels in a row, which a tilted
/// field does not touch; blocks of 16 x 16 pixels with the same brightness vote by their median, so
/// that dust does not.
[[nodiscard]] FieldScan ScanField(const cv::Mat& image);

}  // namespace qc_metrics
