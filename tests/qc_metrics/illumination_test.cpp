#include "qc_metrics/illumination.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <opencv2/core.hpp>
#include <ostream>
#include <string>
#include <variant>
#include <vector>

#include "monitor/simulation/field.h"
#include "qc_metrics/catalogue.h"
#include "tests/qc_metrics/field_truth.h"

namespace qc_metrics {
namespace {

using monitor::simulation::FieldLight;
using monitor::simulation::FieldScene;
using monitor::simulation::RenderField;
using tests::TrueCentring;
using tests::TruePeak;
using tests::TrueUniformity;

struct NamedScene {
  std::string name;
  FieldScene scene;

  friend std::ostream& operator<<(std::ostream& os, const NamedScene& s) { return os << s.name; }
};

// Width, height, both sigmas and both peak coordinates differ, so that a swapped axis shows.
FieldScene Asymmetric(double sigma, double tilt_x = 0.0, double tilt_y = 0.0,
                      double corner_angle_rad = 0.0) {
  FieldScene scene;
  scene.width = 512;
  scene.height = 400;
  scene.peak_x_px = 282.0;
  scene.peak_y_px = 168.25;
  scene.sigma_x_px = sigma * scene.width;
  scene.sigma_y_px = 1.2 * sigma * scene.width;
  scene.tilt_x = tilt_x;
  scene.tilt_y = tilt_y;
  scene.corner_angle_rad = corner_angle_rad;
  scene.dust = {{102.0, 120.0, 10.0, 0.2, 2.5},
                {317.0, 220.0, 6.0, 0.35, 1.0},
                {26.0, 24.0, 7.0, 0.3, 1.0},  // inside the top-left tile
                {256.0, 192.0, 5.0, 0.15, 2.0}};
  return scene;
}

std::vector<NamedScene> Scenes() {
  auto vignetted = Asymmetric(0.0, 0.05, 0.1, 0.6);
  vignetted.sigma_x_px = vignetted.sigma_y_px = 0.0;
  return {{"Steep", Asymmetric(0.35)},
          {"Gaussian", Asymmetric(0.6)},
          {"NearlyFlat", Asymmetric(2.0)},
          {"Tilted", Asymmetric(0.6, 0.4, -0.3, 0.3)},
          {"Vignetted", vignetted}};
}

IlluminationSettings SettingsFor(const FieldScene& scene) {
  return {.camera_offset_adu = scene.camera.offset_adu,
          .saturation_adu = scene.camera.saturation_adu};
}

Illumination MeasureOrFail(const cv::Mat& image, const IlluminationSettings& settings) {
  const auto result = MeasureIllumination(image, settings);
  if (const auto* fault = std::get_if<Fault>(&result.field)) {
    ADD_FAILURE() << "expected a measurement, got fault: " << Name(*fault);
    return {};
  }
  return std::get<Illumination>(result.field);
}

class GroundTruth : public testing::TestWithParam<NamedScene> {};

// Expected error: photon noise of a tile of 2040 px at 2000 e- is .05 %, of their ratio below .07 %
// of it; soft rims of dust below the rejection threshold add up to .02 %. 4 SD of that: .003 for
// the worst scene; for peaks 4 SD of at most 1.6 px.
TEST_P(GroundTruth, IsRecoveredDespiteDust) {
  const auto& scene = GetParam().scene;
  const auto field = MeasureOrFail(RenderField(scene), SettingsFor(scene));
  EXPECT_NEAR(field.uniformity.value, TrueUniformity(scene), 0.003);
  const auto peak = TruePeak(scene);
  EXPECT_NEAR(field.peak_x_px.value, peak.x, 6.0);
  EXPECT_NEAR(field.peak_y_px.value, peak.y, 6.0);
  EXPECT_NEAR(field.centring.value, TrueCentring(scene), 2.0 * 8.5 / std::hypot(512.0, 400.0));
  EXPECT_EQ(field.dust.count, 4);
  EXPECT_LT(field.dust.deepest, -0.1);
}

TEST_P(GroundTruth, WithoutNoiseOnlyTheModelAndTheRoundingAreLeft) {
  auto scene = GetParam().scene;
  scene.dust.clear();
  cv::Mat image = monitor::simulation::ExpectedField(scene) + 100.0;
  const auto field = MeasureOrFail(image, {.camera_offset_adu = 100.0, .saturation_adu = 65535.0});
  EXPECT_NEAR(field.uniformity.value, TrueUniformity(scene), 1e-5);
  const auto peak = TruePeak(scene);
  EXPECT_NEAR(field.peak_x_px.value, peak.x, 0.1);
  EXPECT_NEAR(field.peak_y_px.value, peak.y, 0.1);
}

INSTANTIATE_TEST_SUITE_P(EachField, GroundTruth, testing::ValuesIn(Scenes()),
                         [](const auto& param_info) { return param_info.param.name; });

struct Pull {
  double sum = 0.0, square = 0.0;
  int n = 0;

  void Add(double error, std::optional<double> u) {
    if (!u || !(*u > 0.0)) {
      ADD_FAILURE() << "a value came without its uncertainty";
      return;
    }
    sum += error / *u;
    square += error * error / (*u * *u);
    ++n;
  }
  [[nodiscard]] double Sd() const { return std::sqrt((square - sum * sum / n) / (n - 1)); }
};

// 60 images: the SD of 60 pulls is itself known to 9 %. The surface's uncertainty was weighted on
// these scenes; illumination_accuracy_test.cpp holds an independent set.
TEST(IlluminationUncertainty, PullsHaveAStandardDeviationNearOne) {
  Pull uniformity, peak_x, peak_y, centring, tilt;
  for (auto [name, scene] : Scenes()) {
    scene.dust.resize(1);
    const double true_uniformity = TrueUniformity(scene);
    const auto true_peak = TruePeak(scene);
    const double true_centring = TrueCentring(scene);
    auto clean = scene;
    clean.dust.clear();
    const cv::Mat expected = monitor::simulation::ExpectedField(clean) + 100.0;
    const auto truth = MeasureOrFail(expected, {.camera_offset_adu = 100.0, .saturation_adu = 1e9});
    const cv::Mat with_dust = monitor::simulation::ExpectedField(scene);
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
      monitor::simulation::Random random(seed);
      const auto field = MeasureOrFail(Expose(with_dust, scene.camera, random), SettingsFor(scene));
      uniformity.Add(field.uniformity.value - true_uniformity, field.uniformity.u);
      peak_x.Add(field.peak_x_px.value - true_peak.x, field.peak_x_px.u);
      peak_y.Add(field.peak_y_px.value - true_peak.y, field.peak_y_px.u);
      centring.Add(field.centring.value - true_centring, field.centring.u);
      tilt.Add(field.tilt_x.value - truth.tilt_x.value, field.tilt_x.u);
    }
  }
  RecordProperty("uniformity", std::to_string(uniformity.Sd()));
  for (const auto& [name, pull] :
       {std::pair{"uniformity", uniformity}, std::pair{"peak x", peak_x},
        std::pair{"peak y", peak_y}, std::pair{"centring", centring}, std::pair{"tilt x", tilt}}) {
    EXPECT_GT(pull.Sd(), 0.8) << name;
    EXPECT_LT(pull.Sd(), 1.25) << name;
  }
}

// The CV's own uncertainty is a few times 1e-5: its truth is the field's CV and the noise.
TEST(IlluminationUncertainty, PullOfTheCv) {
  auto scene = Asymmetric(0.6);
  scene.dust.clear();
  scene.camera.read_noise_e = 0.0;
  double sum = 0.0, square = 0.0;
  for (int y = 0; y < scene.height; ++y) {
    for (int x = 0; x < scene.width; ++x) {
      const double light = FieldLight(scene, x, y);
      sum += light;
      square += light * light;
    }
  }
  const double n = scene.width * scene.height;
  const double mean = sum / n;
  const double rounding_e2 = std::pow(scene.camera.gain_e_per_adu, 2) / 12.0;
  const double truth = std::sqrt(square / n - mean * mean + mean + rounding_e2) / mean;
  Pull pull;
  const cv::Mat expected = monitor::simulation::ExpectedField(scene);
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    monitor::simulation::Random random(seed);
    const auto field = MeasureOrFail(Expose(expected, scene.camera, random), SettingsFor(scene));
    pull.Add(field.cv.value - truth, field.cv.u);
  }
  EXPECT_NEAR(pull.sum / pull.n, 0.0, 0.5);
  EXPECT_GT(pull.Sd(), 0.75);
  EXPECT_LT(pull.Sd(), 1.25);
}

TEST(Illumination, FlatFieldIsPerfect) {
  const cv::Mat image(60, 90, CV_16UC1, cv::Scalar(5000));
  const auto field = MeasureOrFail(image, {.camera_offset_adu = 100.0, .saturation_adu = 65535.0});
  EXPECT_NEAR(field.uniformity.value, 1.0, 1e-12);
  EXPECT_NEAR(field.minmax_smoothed, 1.0, 1e-6);
  EXPECT_NEAR(field.cv.value, 0.0, 1e-12);
  EXPECT_NEAR(field.tilt_x.value, 0.0, 1e-9);
  EXPECT_EQ(field.dust.count, 0);
}

TEST(Illumination, TiltIsTheChangeOverTheFieldOverItsMean) {
  FieldScene scene = Asymmetric(0.0, 0.2, -0.1);
  scene.dust.clear();
  const auto field = MeasureOrFail(RenderField(scene), SettingsFor(scene));
  // Noise of a slope: sqrt(12 / 204800) / sqrt(2000) = .00017; 4 SD.
  EXPECT_NEAR(field.tilt_x.value, 0.2, 0.0007);
  EXPECT_NEAR(field.tilt_y.value, -0.1, 0.0007);
  EXPECT_TRUE(field.peak_on_border);
  EXPECT_GT(field.peak_x_px.value, 500.0);
  EXPECT_LT(field.peak_y_px.value, 10.0);
}

// 3.5 % of the field are dark corners: percentiles hardly see them, the default must.
TEST(Illumination, DarkCornersShow) {
  FieldScene scene = Asymmetric(2.0);
  scene.dust.clear();
  cv::Mat image = RenderField(scene);
  const double radius = std::sqrt(4.0 * 0.035 * image.cols * image.rows / CV_PI / 4.0 * 1.0);
  for (int y = 0; y < image.rows; ++y) {
    for (int x = 0; x < image.cols; ++x) {
      const double dx = std::min(x, image.cols - 1 - x);
      const double dy = std::min(y, image.rows - 1 - y);
      if (std::hypot(dx, dy) > radius) continue;
      auto& pixel = image.at<unsigned short>(y, x);
      pixel = static_cast<unsigned short>(100 + (pixel - 100) / 2);
    }
  }
  const auto field = MeasureOrFail(image, SettingsFor(scene));
  EXPECT_LT(field.uniformity.value, 0.6);
  EXPECT_GT(field.p5_over_p95, 0.8);
}

// A third of one corner tile at half its light: less than most of the tile, yet no dust. The tile's
// mean falls by 17 %, a speck of the same size elsewhere in a tile would be ignored.
TEST(Illumination, ADarkCornerIsVignettingAndNotDust) {
  FieldScene scene = Asymmetric(2.0);
  scene.dust.clear();
  cv::Mat image = RenderField(scene);
  const auto before = MeasureOrFail(image, SettingsFor(scene));
  for (int y = 0; y < 30; ++y) {
    for (int x = 0; x < 30; ++x) {
      if (std::hypot(x, y) > 30.0) continue;
      auto& pixel = image.at<unsigned short>(y, x);
      pixel = static_cast<unsigned short>(100 + (pixel - 100) / 2);
    }
  }
  const auto after = MeasureOrFail(image, SettingsFor(scene));
  EXPECT_LT(after.uniformity.value, before.uniformity.value - 0.1);
}

// Defect 10 of the peers: no offset is removed before the ratio, which flatters it.
TEST(Illumination, ForgottenCameraOffsetFlattersTheResult) {
  FieldScene scene = Asymmetric(0.35);
  scene.camera.offset_adu = 2000.0;
  const cv::Mat image = RenderField(scene);
  const auto honest = MeasureOrFail(image, SettingsFor(scene));
  const auto flattered = MeasureOrFail(image, {.camera_offset_adu = 0.0, .saturation_adu = 65535});
  EXPECT_NEAR(honest.uniformity.value, TrueUniformity(scene), 0.003);
  EXPECT_GT(flattered.uniformity.value, honest.uniformity.value + 0.1);
}

// Defect 10 of the peers: one dead pixel decides min/max.
TEST(Illumination, OneDeadPixelDecidesMinMaxButNotTheDefault) {
  FieldScene scene = Asymmetric(0.6);
  scene.dust.clear();
  cv::Mat image = RenderField(scene);
  const auto before = MeasureOrFail(image, SettingsFor(scene));
  image.at<unsigned short>(20, 30) = 100;      // dead
  image.at<unsigned short>(200, 260) = 60000;  // hot, in the centre tile
  const auto after = MeasureOrFail(image, SettingsFor(scene));
  EXPECT_LT(after.minmax_raw, 0.01);
  EXPECT_LT(after.minmax_smoothed, 0.75 * before.minmax_smoothed);  // 4 % of 55,000 ADU
  EXPECT_NEAR(after.uniformity.value, before.uniformity.value, 3e-4);
  EXPECT_NEAR(after.peak_x_px.value, before.peak_x_px.value, 1.0);
}

// Defect 7 of the peers: the right and bottom regions lose the last column and row.
TEST(Illumination, RegionsReachTheLastRowAndColumn) {
  cv::Mat image(100, 140, CV_16UC1, cv::Scalar(1000));
  const auto before = MeasureOrFail(image, {.camera_offset_adu = 0.0, .saturation_adu = 65535.0});
  image.row(99).setTo(400);
  image.col(139).setTo(400);
  const auto after = MeasureOrFail(image, {.camera_offset_adu = 0.0, .saturation_adu = 65535.0});
  for (std::size_t i = 0; i < kFieldRegions.size(); ++i) {
    const bool touches = i % 3 == 2 || i / 3 == 2;
    if (touches) {
      EXPECT_LT(after.region_ratio[i], before.region_ratio[i] - 0.04) << kFieldRegions[i];
    } else {
      EXPECT_DOUBLE_EQ(after.region_ratio[i], before.region_ratio[i]) << kFieldRegions[i];
    }
  }
  // One row of 12 px (a tenth of the mean side) at .4: 1 - .6 / 12.
  EXPECT_NEAR(after.region_ratio[7], 1.0 - 0.6 / 12.0, 1e-9);
}

TEST(Illumination, TransposedImageSwapsXAndY) {
  const FieldScene scene = Asymmetric(0.6, 0.1, -0.05);
  const cv::Mat image = RenderField(scene);
  const auto a = MeasureOrFail(image, SettingsFor(scene));
  const auto b = MeasureOrFail(image.t(), SettingsFor(scene));
  EXPECT_NEAR(a.uniformity.value, b.uniformity.value, 1e-4);  // noise is estimated along rows
  EXPECT_NEAR(a.peak_x_px.value, b.peak_y_px.value, 0.3);
  EXPECT_NEAR(a.peak_y_px.value, b.peak_x_px.value, 0.3);
  EXPECT_NEAR(a.tilt_x.value, b.tilt_y.value, 1e-4);
}

TEST(Illumination, PixelTypesAgree) {
  FieldScene scene = Asymmetric(0.6);
  const cv::Mat image = RenderField(scene);
  const auto reference = MeasureOrFail(image, SettingsFor(scene));
  for (const int type : {CV_32S, CV_32F}) {
    cv::Mat other;
    image.convertTo(other, type);
    const auto field = MeasureOrFail(other, SettingsFor(scene));
    EXPECT_NEAR(field.uniformity.value, reference.uniformity.value, 1e-6);
    EXPECT_NEAR(field.five_percent, reference.five_percent, 1e-4);
    EXPECT_NEAR(field.p5_over_p95, reference.p5_over_p95, 1e-4);
    EXPECT_NEAR(field.cv.value, reference.cv.value, 1e-7);
  }
}

TEST(Illumination, LeavesTheInputUntouched) {
  const FieldScene scene = Asymmetric(0.6);
  const cv::Mat image = RenderField(scene);
  const cv::Mat before = image.clone();
  (void)MeasureIllumination(image, SettingsFor(scene));
  EXPECT_EQ(cv::norm(image, before, cv::NORM_INF), 0.0);
}

TEST(Illumination, MapsShowTheDustWhereItIs) {
  const FieldScene scene = Asymmetric(0.6);
  const auto field = MeasureOrFail(RenderField(scene), SettingsFor(scene));
  const auto& maps = field.maps;
  const auto& speck = scene.dust.front();
  const int i = static_cast<int>(speck.x_px) / maps.bin_px;
  const int j = static_cast<int>(speck.y_px) / maps.bin_px;
  EXPECT_EQ(maps.rejected.at<unsigned char>(j, i), 255);
  EXPECT_LT(maps.residual.at<double>(j, i), -0.1);
  EXPECT_EQ(maps.surface_adu.size(), maps.residual.size());
}

TEST(IlluminationReport, DefaultDefinitionsComeFirstAndAreThoseOfTheCatalogue) {
  const FieldScene scene = Asymmetric(0.6);
  const auto settings = SettingsFor(scene);
  const auto report =
      IlluminationReport(MeasureIllumination(RenderField(scene), settings), settings, 2);
  std::vector<std::string> seen;
  for (const auto& quantity : report.quantities) {
    const auto* row = FindQuantity(quantity.id);
    ASSERT_NE(row, nullptr) << quantity.id;
    EXPECT_EQ(row->unit, quantity.unit) << quantity.id;
    EXPECT_EQ(quantity.channel, 2);
    if (std::find(seen.begin(), seen.end(), quantity.id) != seen.end()) continue;
    seen.push_back(quantity.id);
    EXPECT_EQ(row->default_definition, quantity.definition) << quantity.id;
  }
  EXPECT_EQ(seen.size(), 8U);  // those per length need the pixel's size
  ASSERT_EQ(report.findings.size(), 1U);
  EXPECT_EQ(report.findings.front().code, "dust");
  EXPECT_EQ(report.findings.front().severity, Severity::kWarning);
}

TEST(IlluminationReport, OneSaturatedPixelWarnsAndMoreThanOnePercentIsAFault) {
  FieldScene scene = Asymmetric(0.6);
  scene.dust.clear();
  const IlluminationSettings settings{.camera_offset_adu = 100.0, .saturation_adu = 60000.0};
  cv::Mat image = RenderField(scene);
  image.at<unsigned short>(3, 4) = 60000;
  const auto warned = IlluminationReport(MeasureIllumination(image, settings), settings);
  ASSERT_FALSE(warned.findings.empty());
  EXPECT_EQ(warned.findings.front().code, "saturated");
  EXPECT_EQ(warned.findings.front().severity, Severity::kWarning);
  image(cv::Rect(0, 0, image.cols, 5)).setTo(60000);  // 1.25 % of the pixels
  const auto refused = IlluminationReport(MeasureIllumination(image, settings), settings);
  ASSERT_EQ(refused.findings.size(), 1U);
  EXPECT_EQ(refused.findings.front().severity, Severity::kFault);
  ASSERT_EQ(refused.quantities.size(), 1U);
  EXPECT_EQ(refused.quantities.front().id, "illumination.saturated");
  EXPECT_NEAR(refused.quantities.front().value, 0.0125, 1e-4);
}

TEST(IlluminationReport, MissingSaturationLevelIsSaid) {
  const FieldScene scene = Asymmetric(0.6);
  IlluminationSettings settings{.camera_offset_adu = 100.0, .saturation_adu = std::nullopt};
  cv::Mat image;
  RenderField(scene).convertTo(image, CV_32F);
  const auto result = MeasureIllumination(image, settings);
  EXPECT_FALSE(result.saturated.has_value());
  const auto report = IlluminationReport(result, settings);
  EXPECT_EQ(report.findings.back().code, "settings_not_stated");
}

struct FaultCase {
  std::string name;
  cv::Mat image;
  Fault fault;

  friend std::ostream& operator<<(std::ostream& os, const FaultCase& c) { return os << c.name; }
};

class IlluminationFault : public testing::TestWithParam<FaultCase> {};

TEST_P(IlluminationFault, IsReportedAsAValueAndAsAFinding) {
  const IlluminationSettings settings{.camera_offset_adu = 100.0, .saturation_adu = 4095.0};
  const auto result = MeasureIllumination(GetParam().image, settings);
  const auto* fault = std::get_if<Fault>(&result.field);
  ASSERT_NE(fault, nullptr) << "a measurement came back";
  EXPECT_EQ(Name(*fault), Name(GetParam().fault));
  const auto report = IlluminationReport(result, settings);
  ASSERT_EQ(report.findings.size(), 1U);
  EXPECT_EQ(report.findings.front().code, Name(GetParam().fault));
  EXPECT_EQ(report.findings.front().severity, Severity::kFault);
  EXPECT_GT(report.findings.front().text.size(), 20U);
}

std::vector<FaultCase> FaultCases() {
  cv::Mat not_finite(64, 64, CV_32FC1, cv::Scalar(500));
  not_finite.at<float>(3, 4) = std::numeric_limits<float>::quiet_NaN();
  cv::Mat infinite(64, 64, CV_32FC1, cv::Scalar(500));
  infinite.at<float>(60, 4) = std::numeric_limits<float>::infinity();
  cv::Mat noise(128, 128, CV_16UC1);
  cv::RNG rng(11);
  rng.fill(noise, cv::RNG::NORMAL, 100.0, 3.0);
  cv::Mat saturated(64, 64, CV_16UC1, cv::Scalar(500));
  saturated.row(7).setTo(4095);  // 1.6 %
  return {
      {"Empty", cv::Mat(), Fault::kUnsupportedFormat},
      {"Colour", cv::Mat(64, 64, CV_8UC3, cv::Scalar::all(9)), Fault::kUnsupportedFormat},
      {"Signed", cv::Mat(64, 64, CV_16SC1, cv::Scalar(9)), Fault::kUnsupportedFormat},
      {"Narrow", cv::Mat(64, 31, CV_16UC1, cv::Scalar(500)), Fault::kTooSmall},
      {"Low", cv::Mat(31, 64, CV_16UC1, cv::Scalar(500)), Fault::kTooSmall},
      {"NotFinite", not_finite, Fault::kNotFinite},
      {"Infinite", infinite, Fault::kNotFinite},
      {"Saturated", saturated, Fault::kSaturated},
      {"OnlyOffset", cv::Mat(64, 64, CV_16UC1, cv::Scalar(100)), Fault::kNoSignal},
      {"BelowOffset", cv::Mat(64, 64, CV_16UC1, cv::Scalar(50)), Fault::kNoSignal},
      {"OnlyNoise", noise, Fault::kNoSignal},
  };
}

INSTANTIATE_TEST_SUITE_P(EachFault, IlluminationFault, testing::ValuesIn(FaultCases()),
                         [](const auto& param_info) { return param_info.param.name; });

TEST(Illumination, AcceptsTheSmallestAndTheLongestImage) {
  for (const auto size : {cv::Size(32, 32), cv::Size(4000, 32), cv::Size(33, 700)}) {
    cv::Mat image(size, CV_8UC1, cv::Scalar(50));
    const auto field = MeasureOrFail(image, {.camera_offset_adu = 10.0, .saturation_adu = 255.0});
    EXPECT_NEAR(field.uniformity.value, 1.0, 1e-9) << size;
  }
}

}  // namespace
}  // namespace qc_metrics
