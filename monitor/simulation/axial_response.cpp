#include "monitor/simulation/axial_response.h"

#include <cmath>

namespace monitor::simulation {
namespace {

constexpr double kFwhmPerSigma = 2.3548200450309493;

float Light(const AxialScene& scene, int x, int y, int plane) {
  const double across_x = (x - 0.5 * (scene.columns - 1)) * scene.pixel_um;
  const double across_y = (y - 0.5 * (scene.rows - 1)) * scene.pixel_um;
  const double place = scene.z0_um + scene.slope_x * across_x + scene.slope_y * across_y;
  const double u = (plane * scene.z_step_um - place) * kFwhmPerSigma / scene.fwhm_um;
  return static_cast<float>(scene.background_e + scene.peak_e * std::exp(-0.5 * u * u));
}

}  // namespace

std::vector<cv::Mat> RenderAxialStack(const AxialScene& scene) {
  Random random(scene.seed);
  std::vector<cv::Mat> planes;
  for (int plane = 0; plane < scene.planes; ++plane) {
    cv::Mat expected(scene.rows, scene.columns, CV_32F);
    for (int y = 0; y < scene.rows; ++y) {
      for (int x = 0; x < scene.columns; ++x) {
        expected.at<float>(y, x) = Light(scene, x, y, plane);
      }
    }
    planes.push_back(Expose(expected, scene.camera, random));
  }
  return planes;
}

cv::Mat RenderAxialSection(const AxialScene& scene) {
  Random random(scene.seed);
  cv::Mat expected(scene.planes, scene.columns, CV_32F);
  for (int plane = 0; plane < scene.planes; ++plane) {
    for (int x = 0; x < scene.columns; ++x) {
      expected.at<float>(plane, x) = Light(scene, x, scene.rows / 2, plane);
    }
  }
  return Expose(expected, scene.camera, random);
}

}  // namespace monitor::simulation
