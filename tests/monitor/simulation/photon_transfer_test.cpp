#include "monitor/simulation/photon_transfer.h"

#include <gtest/gtest.h>

#include <cmath>

namespace monitor::simulation {
namespace {

SensorScene Plain() {
  SensorScene scene;
  scene.dsnu_e = 0.0;
  scene.prnu = 0.0;
  scene.gain_e_per_adu = 0.5;
  return scene;
}

struct Moments {
  double mean = 0.0, variance = 0.0;
};

Moments Of(const std::vector<cv::Mat>& frames) {
  Moments out;
  for (const cv::Mat& frame : frames) {
    cv::Scalar mean;
    cv::Scalar sd;
    cv::meanStdDev(frame, mean, sd);
    out.mean += mean[0] / static_cast<double>(frames.size());
    out.variance += sd[0] * sd[0] / static_cast<double>(frames.size());
  }
  return out;
}

// Closed forms; 10 frames of 160 x 128 give a variance to .3 % and a mean to 1e-3 of its SD.
TEST(SensorSimulation, MeanAndVarianceAreThoseOfPhotonsAndReadNoise) {
  const Sensor sensor(Plain());
  const Moments dark = Of(sensor.Record({.frames = 10}));
  EXPECT_NEAR(dark.mean, 100.0, 0.03);
  EXPECT_NEAR(dark.variance, 1.6 * 1.6 / 0.25 + 1.0 / 12.0, 0.12);
  const Moments light = Of(sensor.Record({.light_e = 900.0, .frames = 10}));
  EXPECT_NEAR(light.mean, 100.0 + 1800.0, 0.6);
  EXPECT_NEAR(light.variance, (900.0 + 2.56) / 0.25 + 1.0 / 12.0, 50.0);
}

TEST(SensorSimulation, TheWellAndTheDigitiserClip) {
  SensorScene scene = Plain();
  scene.full_well_e = 1000.0;
  EXPECT_NEAR(Of(Sensor(scene).Record({.light_e = 5000.0, .frames = 2})).mean, 2100.0, 0.1);
  scene.saturation_adu = 1023.0;
  const Moments clipped = Of(Sensor(scene).Record({.light_e = 5000.0, .frames = 2}));
  EXPECT_EQ(clipped.mean, 1023.0);
  EXPECT_EQ(clipped.variance, 0.0);
}

TEST(SensorSimulation, ADefectIsOnForItsShare) {
  SensorScene scene = Plain();
  scene.width = scene.height = 8;
  scene.defects = {{3, 4, 400.0, 0.25, 5.0}, {1, 1, 100.0, 1.0, 5.0}};
  const auto frames = Sensor(scene).Record({.frames = 2000});
  double on = 0.0;
  double always = 0.0;
  for (const cv::Mat& frame : frames) {
    on += frame.at<std::uint16_t>(4, 3) > 500 ? 1.0 / 2000.0 : 0.0;
    always += frame.at<std::uint16_t>(1, 1) > 200 ? 1.0 / 2000.0 : 0.0;
  }
  EXPECT_NEAR(on, 0.25, 0.1);  // 2000 frames hold some 100 blinks
  EXPECT_EQ(always > 0.999, true);
}

TEST(SensorSimulation, DarkCurrentAndCurvatureAreTheStatedOnes) {
  SensorScene scene = Plain();
  scene.dark_current_e_per_s = 50.0;
  EXPECT_NEAR(Of(Sensor(scene).Record({.exposure_s = 2.0, .frames = 10})).mean, 300.0, 0.3);
  scene.dark_current_e_per_s = 0.0;
  scene.full_well_e = 10000.0;
  scene.curvature = 0.1;
  EXPECT_NEAR(Of(Sensor(scene).Record({.light_e = 2000.0, .frames = 4})).mean,
              100.0 + 2.0 * 2000.0 * (1.0 - 0.1 * 0.2), 1.5);
}

}  // namespace
}  // namespace monitor::simulation
