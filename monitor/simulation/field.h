#pragma once

#include <cstdint>
#include <opencv2/core.hpp>
#include <vector>

#include "monitor/simulation/camera.h"

namespace monitor::simulation {

/// A defocused speck that absorbs light: a disk with a soft rim, or brightens it when depth < 0.
struct DustSpeck {
  double x_px = 0.0, y_px = 0.0;
  double radius_px = 10.0;
  double depth = 0.1;   ///< part of the light that is lost in its middle
  double rim_px = 2.0;  ///< width of the defocused rim
};

/// A uniform fluorescent slide under an imperfect illumination.
///
/// Method    light(x, y) = peak x beam x vignetting x tilt x dust
///           beam        Gaussian about (peak_x, peak_y), sigma_x, sigma_y; infinite sigma: flat
///           vignetting  cos^4 of the field angle, which reaches `corner_angle_rad` in the corners
///           tilt        1 + tilt_x (x - centre) / width + tilt_y (y - centre) / height
/// Coordinates x right, y down, pixel centres on integers.
struct FieldScene {
  int width = 512, height = 512;
  double peak_e = 2000.0;  ///< expected electrons a pixel where all factors are 1
  double peak_x_px = 255.5, peak_y_px = 255.5;
  double sigma_x_px = 0.0, sigma_y_px = 0.0;  ///< 0: no beam profile along this axis
  double corner_angle_rad = 0.0;
  double tilt_x = 0.0, tilt_y = 0.0;
  std::vector<DustSpeck> dust;
  Camera camera{
      .gain_e_per_adu = 0.46, .offset_adu = 100.0, .read_noise_e = 1.6, .saturation_adu = 65535.0};
  std::uint64_t seed = 1;
};

/// Expected electrons at one place, without dust: the ground truth of uniformity and peak.
[[nodiscard]] double FieldLight(const FieldScene& scene, double x_px, double y_px);

/// CV_32F, expected electrons with dust, without noise.
[[nodiscard]] cv::Mat ExpectedField(const FieldScene& scene);

/// CV_16U, one exposure.
[[nodiscard]] cv::Mat RenderField(const FieldScene& scene);

}  // namespace monitor::simulation
