#pragma once

#include <opencv2/core.hpp>
#include <optional>

namespace qc_metrics {

/// A 2-D Gaussian on an even background, in pixels of the window.
struct Spot {
  double x = 0.0, y = 0.0, u_x = 0.0, u_y = 0.0;
  double sigma_x = 0.0, sigma_y = 0.0;
  double height = 0.0, background = 0.0;
};

/// Fits a spot to a window (CV_64F, at least 7 x 7) near (x, y).
///
/// Method    least squares, twice: even weights, then weights from the mean-variance line of the
///           first residuals.
/// Errors    nothing where it does not converge inside of the window to a height above its noise.
[[nodiscard]] std::optional<Spot> FitSpot(const cv::Mat& window, double x, double y, double sigma);

}  // namespace qc_metrics
