#pragma once

#include <opencv2/core.hpp>

#include "monitor/simulation/random.h"

namespace monitor::simulation {

/// A camera (or a photon-counting point detector) as it turns electrons into stored numbers.
struct Camera {
  double gain_e_per_adu = 0.46;
  double offset_adu = 100.0;
  double read_noise_e = 1.6;
  double saturation_adu = 65535.0;  ///< values are clipped here; at most 65535
};

/// Draws one exposure.
///
/// Input     `expected_e`: CV_32F, the mean number of electrons of each pixel.
/// Method    adu = clip(round((Poisson(mean) + Normal(0, read noise)) / gain + offset), 0,
/// saturation) Output    CV_16U of the same size.
[[nodiscard]] cv::Mat Expose(const cv::Mat& expected_e, const Camera& camera, Random& random);

}  // namespace monitor::simulation
