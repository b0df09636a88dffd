#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <variant>
#include <vector>

#include "monitor/simulation/field.h"
#include "qc_metrics/illumination.h"
#include "tests/qc_metrics/field_truth.h"

// Accuracy on full-size fields, and uncertainties on scenes and seeds that no constant of the
// estimator was chosen on: the weighting of the surface's covariances comes from the scenes of
// illumination_test.cpp.

namespace qc_metrics {
namespace {

using monitor::simulation::FieldScene;

struct NamedScene {
  std::string name;
  FieldScene scene;

  friend std::ostream& operator<<(std::ostream& os, const NamedScene& s) { return os << s.name; }
};

// Places and sigmas are parts of the width and height (sigmas: of the width).
struct Plan {
  double sigma_x, sigma_y, peak_x, peak_y, tilt_x, tilt_y, corner_angle_rad;
};

FieldScene Scene(int width, int height, const Plan& plan) {
  FieldScene scene;
  scene.width = width;
  scene.height = height;
  scene.sigma_x_px = plan.sigma_x * width;
  scene.sigma_y_px = plan.sigma_y * width;
  scene.peak_x_px = plan.peak_x * width;
  scene.peak_y_px = plan.peak_y * height;
  scene.tilt_x = plan.tilt_x;
  scene.tilt_y = plan.tilt_y;
  scene.corner_angle_rad = plan.corner_angle_rad;
  const double k = width / 512.0;
  scene.dust = {{0.2 * width, 0.3 * height, 10.0 * k, 0.2, 2.5 * k},
                {0.62 * width, 0.55 * height, 6.0 * k, 0.35, 1.0 * k},
                {0.05 * width, 0.06 * height, 7.0 * k, 0.3, 1.0 * k},
                {0.5 * width, 0.48 * height, 5.0 * k, 0.15, 2.0 * k}};
  return scene;
}

Illumination MeasureOrFail(const cv::Mat& image, const FieldScene& scene) {
  const auto result = MeasureIllumination(image, {.camera_offset_adu = scene.camera.offset_adu,
                                                  .saturation_adu = scene.camera.saturation_adu});
  if (const auto* fault = std::get_if<Fault>(&result.field)) {
    ADD_FAILURE() << "expected a measurement, got fault: " << Name(*fault);
    return {};
  }
  return std::get<Illumination>(result.field);
}

class FullSize : public testing::TestWithParam<NamedScene> {};

// 2000 electrons on 2048 x 2048 pixels. Photon noise of a tile of 205 x 205 pixels is .011 %, of a
// ratio of two .015 %: .0005 is more than 3 SD. The peak's own SD is .05 px on a steep, .3 on a
// tilted and .5 on a nearly flat field: 1.5 px is 3 SD of the worst.
TEST_P(FullSize, UniformityIsWithinFiveTenThousandthsAndThePeakWithinOneAndAHalfPixels) {
  const auto& scene = GetParam().scene;
  const auto field = MeasureOrFail(RenderField(scene), scene);
  EXPECT_NEAR(field.uniformity.value, tests::TrueUniformity(scene), 5e-4);
  const auto peak = tests::TruePeak(scene);
  EXPECT_NEAR(field.peak_x_px.value, peak.x, 1.5);
  EXPECT_NEAR(field.peak_y_px.value, peak.y, 1.5);
  EXPECT_EQ(field.dust.count, 4);
}

std::vector<NamedScene> FullSizeScenes() {
  return {{"Steep", Scene(2048, 2048, {0.35, 0.42, 0.55, 0.42, 0.0, 0.0, 0.0})},
          {"Tilted", Scene(2048, 2048, {0.6, 0.72, 0.55, 0.42, 0.4, -0.3, 0.3})},
          {"NearlyFlat", Scene(2048, 2048, {2.0, 2.4, 0.55, 0.42, 0.0, 0.0, 0.0})}};
}

INSTANTIATE_TEST_SUITE_P(EachField, FullSize, testing::ValuesIn(FullSizeScenes()),
                         [](const auto& param_info) { return param_info.param.name; });

struct Pull {
  double sum = 0.0, square = 0.0;
  int n = 0;

  void Add(double error, std::optional<double> u) {
    ASSERT_TRUE(u && *u > 0.0) << "a value came without its uncertainty";
    sum += error / *u;
    square += error * error / (*u * *u);
    ++n;
  }
  [[nodiscard]] double Sd() const { return std::sqrt((square - sum * sum / n) / (n - 1)); }
};

std::vector<NamedScene> IndependentScenes() {
  return {{"Steep", Scene(480, 400, {0.42, 0.36, 0.44, 0.57, 0.1, 0.05, 0.2})},
          {"Oval", Scene(480, 400, {0.5, 0.9, 0.6, 0.5, 0.0, 0.0, 0.1})},
          {"SixPercent", Scene(480, 400, {1.9, 1.7, 0.47, 0.52, 0.01, -0.008, 0.05})},
          {"Tilted", Scene(480, 400, {0.8, 0.7, 0.5, 0.5, -0.3, 0.25, 0.15})},
          {"Vignetted", Scene(480, 400, {1.5, 1.5, 0.4, 0.45, -0.04, 0.03, 0.45})},
          {"FarFromTheCentre", Scene(480, 400, {0.7, 0.7, 0.8, 0.25, 0.0, 0.0, 0.0})}};
}

// 72 images: the SD of as many pulls is itself known to 8 %.
TEST(IlluminationAccuracy, PullsOfAnIndependentSetHaveAStandardDeviationNearOne) {
  Pull uniformity, peak_x, peak_y, centring;
  for (const auto& [name, scene] : IndependentScenes()) {
    const double true_uniformity = tests::TrueUniformity(scene);
    const auto peak = tests::TruePeak(scene);
    const double true_centring = tests::TrueCentring(scene);
    const cv::Mat expected = ExpectedField(scene);
    for (std::uint64_t seed = 9001; seed <= 9012; ++seed) {
      monitor::simulation::Random random(seed);
      const auto field = MeasureOrFail(Expose(expected, scene.camera, random), scene);
      uniformity.Add(field.uniformity.value - true_uniformity, field.uniformity.u);
      peak_x.Add(field.peak_x_px.value - peak.x, field.peak_x_px.u);
      peak_y.Add(field.peak_y_px.value - peak.y, field.peak_y_px.u);
      centring.Add(field.centring.value - true_centring, field.centring.u);
    }
  }
  for (const auto& [name, pull] : {std::pair{"uniformity", uniformity}, std::pair{"peak x", peak_x},
                                   std::pair{"peak y", peak_y}, std::pair{"centring", centring}}) {
    EXPECT_GT(pull.Sd(), 0.8) << name;
    EXPECT_LT(pull.Sd(), 1.25) << name;
    EXPECT_NEAR(pull.sum / pull.n, 0.0, 0.5) << name;
  }
}

// No smooth surface follows a sharp corner: one that tried rang over the whole field, and its rings
// were counted as dust (up to 16 spots) and moved the peak.
TEST(IlluminationAccuracy, ASharpDarkCornerLeavesTheRestOfTheFieldAsItIs) {
  FieldScene scene = Scene(512, 400, {1.0, 1.1, 0.52, 0.46, 0.0, 0.0, 0.0});
  const auto before = MeasureOrFail(RenderField(scene), scene);
  ASSERT_EQ(before.dust.count, 4);
  for (const double radius : {14.0, 30.0, 48.0}) {
    cv::Mat image = RenderField(scene);
    for (int y = image.rows - 50; y < image.rows; ++y) {
      for (int x = image.cols - 50; x < image.cols; ++x) {
        if (std::hypot(image.cols - x, image.rows - y) > radius) continue;
        auto& pixel = image.at<unsigned short>(y, x);
        pixel = static_cast<unsigned short>(100 + (pixel - 100) / 2);
      }
    }
    const auto field = MeasureOrFail(image, scene);
    EXPECT_EQ(field.dust.count, 4) << radius;
    // The surface may stay rougher than without the corner, and says so.
    EXPECT_NEAR(field.peak_x_px.value, 0.52 * 512, 3.0 * *field.peak_x_px.u);
    EXPECT_NEAR(field.peak_y_px.value, 0.46 * 400, 3.0 * *field.peak_y_px.u);
    EXPECT_LT(std::hypot(*field.peak_x_px.u, *field.peak_y_px.u), 6.0) << radius;
    EXPECT_LT(field.uniformity.value, before.uniformity.value - 0.01) << radius;
  }
}

// A small quarter disk at half its light. In the corner it is vignetting, counts and is no dust; as
// a whole disk farther in, though in the same tile, it is dust and does not count.
TEST(IlluminationAccuracy, WhatReachesTheCornerIsNoDust) {
  FieldScene scene = Scene(512, 400, {2.0, 2.0, 0.5, 0.5, 0.0, 0.0, 0.0});
  scene.dust.clear();
  const cv::Mat clean = RenderField(scene);
  const auto darken = [&](double x0, double y0, double radius) {
    cv::Mat image = clean.clone();
    for (int y = 0; y < 50; ++y) {
      for (int x = 0; x < 50; ++x) {
        if (std::hypot(x - x0, y - y0) > radius) continue;
        auto& pixel = image.at<unsigned short>(y, x);
        pixel = static_cast<unsigned short>(100 + (pixel - 100) / 2);
      }
    }
    return MeasureOrFail(image, scene);
  };
  const double before = MeasureOrFail(clean, scene).uniformity.value;
  const auto corner = darken(-0.5, -0.5, 14.0);
  // pi 14^2 / 4 of 51 x 40 pixels at half their light.
  EXPECT_NEAR(corner.uniformity.value, before * (1.0 - 0.5 * 154.0 / 2040.0), 0.006);
  EXPECT_EQ(corner.maps.rejected.at<unsigned char>(0, 0), 0);
  EXPECT_LT(corner.maps.residual.at<double>(0, 0), -0.4);  // the surface did not follow
  const auto inside = darken(22.0, 20.0, 7.0);
  EXPECT_NEAR(inside.uniformity.value, before, 0.003);
  EXPECT_EQ(inside.dust.count, 1);
}

}  // namespace
}  // namespace qc_metrics
