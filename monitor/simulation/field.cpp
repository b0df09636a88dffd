#include "monitor/simulation/field.h"

#include <algorithm>
#include <cmath>

#include "monitor/simulation/random.h"

namespace monitor::simulation {
namespace {

double Beam(double distance_px, double sigma_px) {
  if (sigma_px <= 0.0) return 1.0;
  const double z = distance_px / sigma_px;
  return std::exp(-0.5 * z * z);
}

double Transmission(const DustSpeck& speck, double x_px, double y_px) {
  const double r = std::hypot(x_px - speck.x_px, y_px - speck.y_px);
  if (r > speck.radius_px + 6.0 * speck.rim_px) return 1.0;
  return 1.0 - speck.depth * 0.5 * std::erfc((r - speck.radius_px) / speck.rim_px);
}

}  // namespace

double FieldLight(const FieldScene& scene, double x_px, double y_px) {
  const double centre_x = 0.5 * (scene.width - 1);
  const double centre_y = 0.5 * (scene.height - 1);
  const double tangent = std::tan(scene.corner_angle_rad) *
                         std::hypot(x_px - centre_x, y_px - centre_y) /
                         std::hypot(centre_x, centre_y);
  const double cos_square = 1.0 / (1.0 + tangent * tangent);
  const double tilt = 1.0 + scene.tilt_x * (x_px - centre_x) / scene.width +
                      scene.tilt_y * (y_px - centre_y) / scene.height;
  return scene.peak_e * Beam(x_px - scene.peak_x_px, scene.sigma_x_px) *
         Beam(y_px - scene.peak_y_px, scene.sigma_y_px) * cos_square * cos_square *
         std::max(0.0, tilt);
}

cv::Mat ExpectedField(const FieldScene& scene) {
  cv::Mat expected(scene.height, scene.width, CV_32F);
  for (int y = 0; y < scene.height; ++y) {
    auto* row = expected.ptr<float>(y);
    for (int x = 0; x < scene.width; ++x) {
      double light = FieldLight(scene, x, y);
      for (const auto& speck : scene.dust) light *= Transmission(speck, x, y);
      row[x] = static_cast<float>(light);
    }
  }
  return expected;
}

cv::Mat RenderField(const FieldScene& scene) {
  Random random(scene.seed);
  return Expose(ExpectedField(scene), scene.camera, random);
}

}  // namespace monitor::simulation
