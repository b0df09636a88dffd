#pragma once

#include <array>
#include <opencv2/core.hpp>

namespace qc_metrics {

/// The paraboloid nearest to a field: light / light in the middle = 1 + gradient . r + vignetting
/// r^2 + further terms of second degree, r from the middle of the image.
///
/// Lengths are in units of the pixel sizes that were given.
struct FieldShape {
  std::array<double, 2> gradient{};  ///< along x and y, per length
  double vignetting = 0.0;  ///< mean of the coefficients of x^2 and y^2, per length squared
  std::array<double, 2> gradient_u{};
  double vignetting_u = 0.0;
};

/// Least squares over all bins of a surface.
///
/// Input     `bins`: CV_64F, signal without offset, positive on average, at least 3 x 3; `bin_px`
///           pixels a bin, the last row and column taken as whole; `pixel` the pixel's width and
///           height; `pixel_variance`: noise variance of one pixel, in the square of the signal.
[[nodiscard]] FieldShape MeasureFieldShape(const cv::Mat& bins, int bin_px, cv::Size image_px,
                                           cv::Size2d pixel, double pixel_variance);

}  // namespace qc_metrics
