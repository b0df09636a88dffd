#pragma once

#include <array>
#include <opencv2/core.hpp>
#include <vector>

#include "monitor/report/picture.h"

namespace monitor::report {

/// One point of a grid, as it is drawn.
struct GridMark {
  std::array<double, 2> place_px{};     ///< x, y
  std::array<double, 2> residual_px{};  ///< from the best affine grid
  std::array<double, 2> smooth_px{};    ///< of it, what the distortion model explains
  bool kept = true;
};

/// The image with every point of the grid marked: geometry_grid.
/// Input  one channel of any type; `pixel_um` for the scale bar.
[[nodiscard]] Picture GridPicture(const cv::Mat& image, const std::vector<GridMark>& marks,
                                  double pixel_um);

/// Departures from the straight grid, magnified, and what the smooth model leaves: geometry_map
/// (SVG).
[[nodiscard]] Picture DistortionMap(cv::Size size, const std::vector<GridMark>& marks,
                                    bool distorted);

}  // namespace monitor::report
