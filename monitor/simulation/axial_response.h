#pragma once

#include <cstdint>
#include <opencv2/core.hpp>
#include <vector>

#include "monitor/simulation/camera.h"

namespace monitor::simulation {

/// A thin fluorescent plane or a mirror, seen through an instrument that sections.
///
/// Method    light(x, y, z) = background + peak exp(-(z - z0 - slope_x x - slope_y y)^2 / (2
/// sigma^2)),
///           x and y from the middle of the field, all in um.
struct AxialScene {
  int columns = 64, rows = 48, planes = 41;
  double pixel_um = 0.2;
  double z_step_um = 0.25;
  double fwhm_um = 1.87;
  double z0_um =
      5.1;  ///< of the plane in the middle of the field; the first plane of the stack is 0
  double slope_x = 0.0, slope_y = 0.0;  ///< um of z a um across
  double peak_e = 400.0;
  double background_e = 10.0;
  Camera camera{};
  std::uint64_t seed = 1;
};

/// CV_16U planes along z.
[[nodiscard]] std::vector<cv::Mat> RenderAxialStack(const AxialScene& scene);

/// One CV_16U image with z down (one row a plane) and x right, through the middle of the field.
[[nodiscard]] cv::Mat RenderAxialSection(const AxialScene& scene);

}  // namespace monitor::simulation
