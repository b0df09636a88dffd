#pragma once

#include <opencv2/core.hpp>
#include <vector>

namespace qc_metrics {

/// One dot, ring or crossing of lines; pixel centres on integers, x right, y down.
struct GridSpot {
  double x_px = 0.0;
  double y_px = 0.0;
  double height = 0.0;  ///< of the smoothed feature above the local background, adu
};

/// What the image holds: features brighter or darker than what is around them.
enum class Polarity { kBright, kDark };

/// Image with its slow background taken off and its features positive, and their size.
struct GridImage {
  cv::Mat signal;  ///< CV_32F
  Polarity polarity = Polarity::kBright;
  double sigma_px = 1.0;  ///< of the narrowest feature, from the autocorrelation
  double noise = 0.0;     ///< robust SD of one pixel, from differences of neighbours
};

/// Background off, polarity from the skewness, feature size from the autocorrelation. The
/// background is the median of blocks of the pixels that no feature covers.
/// Input     one channel, CV_32F, finite.
[[nodiscard]] GridImage PrepareGrid(const cv::Mat& image);

/// Spots, strongest first.
///
/// Method    maxima of the image smoothed by its own feature size, above 8 noise SDs and above a
///           fifth of the strong ones; each centre is the fixed point of a weighted centroid,
///           weight (1 - r^2 / 9 sigma^2)^4, which is the place of the largest response of a
///           matched filter nearly Gaussian: unbiased for anything symmetric (dots, rings,
///           crossings).
[[nodiscard]] std::vector<GridSpot> FindGridSpots(const GridImage& grid);

}  // namespace qc_metrics
