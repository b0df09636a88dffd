#include "monitor/simulation/camera.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace monitor::simulation {

cv::Mat Expose(const cv::Mat& expected_e, const Camera& camera, Random& random) {
  CV_Assert(expected_e.type() == CV_32F);
  cv::Mat image(expected_e.size(), CV_16U);
  const double ceiling = std::min(camera.saturation_adu, 65535.0);
  for (int y = 0; y < image.rows; ++y) {
    const float* mean = expected_e.ptr<float>(y);
    auto* row = image.ptr<std::uint16_t>(y);
    for (int x = 0; x < image.cols; ++x) {
      double electrons = random.Poisson(static_cast<double>(mean[x]));
      if (camera.read_noise_e > 0.0) {
        electrons += camera.read_noise_e * random.Normal();
      }
      const double adu = std::round(electrons / camera.gain_e_per_adu + camera.offset_adu);
      row[x] = static_cast<std::uint16_t>(std::clamp(adu, 0.0, ceiling));
    }
  }
  return image;
}

}  // namespace monitor::simulation
