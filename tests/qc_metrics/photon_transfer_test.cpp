#include <gtest/gtest.h>

#include <algorithm>

#include "qc_metrics/detector.h"
#include "tests/qc_metrics/detector_scenes.h"

namespace qc_metrics {
namespace {

using monitor::simulation::Sensor;

constexpr double kGain = 0.46;

const TransferLevel* Level(const Detector& detector, const std::string& name) {
  for (const TransferLevel& level : detector.levels) {
    if (level.name == name) return &level;
  }
  return nullptr;
}

TEST(PhotonTransferTest, GainWellAndPatternWithinTheirUncertainty) {
  DetectorErrors gain, well, prnu;
  for (std::uint64_t seed = 1001; seed <= 1040; ++seed) {
    DetectorScene scene{.sensor = SmallSensor(seed), .light_trend = 0.01, .seed = seed};
    scene.sensor.width = 96;
    scene.sensor.height = 80;
    const auto truth = Sensor(scene.sensor).Truth();
    const Detector detector = MeasureDetector(RecordAll(scene), {});
    ASSERT_TRUE(detector.transfer.has_value());
    const PhotonTransfer& transfer = *detector.transfer;
    gain.Add(transfer.gain_e_per_adu, kGain);
    ASSERT_TRUE(transfer.full_well_e.has_value());
    well.Add(*transfer.full_well_e, 15000.0);
    ASSERT_TRUE(transfer.prnu.has_value());
    prnu.Add(*transfer.prnu, truth.prnu);
  }
  EXPECT_LT(std::abs(gain.Bias()), 0.0009);  // 3 standard errors
  EXPECT_LT(gain.Rms(), 0.0025);
  EXPECT_LT(well.Rms(), 0.0025);
  EXPECT_LT(std::abs(prnu.Bias()), 0.0037);  // 3 standard errors
  EXPECT_LT(prnu.Rms(), 0.01);
  for (const auto* errors : {&gain, &well, &prnu}) {
    EXPECT_GT(errors->Pull(), 0.8);  // 40 values: known to 11 %
    EXPECT_LT(errors->Pull(), 1.25);
  }
}

// With 80 frames the levels' own noise is small, and what all of them leave unseen is most of u.
TEST(PhotonTransferTest, LevelsDoNotAverageWhatNoneOfThemSees) {
  DetectorErrors prnu;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    DetectorScene scene{.sensor = SmallSensor(seed),
                        .lights_e = {1000, 3000, 6000},
                        .flat_frames = 80,
                        .long_dark_s = 0.0,
                        .seed = seed};
    scene.sensor.width = 48;
    scene.sensor.height = 40;
    const Detector detector = MeasureDetector(RecordAll(scene), {});
    ASSERT_TRUE(detector.transfer && detector.transfer->prnu);
    prnu.Add(*detector.transfer->prnu, Sensor(scene.sensor).Truth().prnu);
    for (const TransferLevel& level : detector.levels) {
      if (level.state != LevelState::kFitted) continue;
      // Border of 3 pixels, box of 49: 1 - 42 x 34 / 1920 + 1 / 49 of a pattern of 1428 pixels.
      EXPECT_NEAR(level.prnu_shared, std::sqrt(2.0 * (1.0 - 1428.0 / 1920.0 + 1.0 / 49.0) / 1428.0),
                  1e-12);
    }
  }
  EXPECT_GT(prnu.Pull(), 0.75);  // 30 values: known to 13 %
  EXPECT_LT(prnu.Pull(), 1.3);
}

TEST(PhotonTransferTest, EachLevelHasItsState) {
  const DetectorScene scene{.sensor = SmallSensor(3)};
  const Detector detector = MeasureDetector(RecordAll(scene), {});
  ASSERT_EQ(detector.levels.size(), 8U);
  EXPECT_TRUE(std::is_sorted(detector.levels.begin(), detector.levels.end(),
                             [](const auto& a, const auto& b) { return a.mean_adu < b.mean_adu; }));
  EXPECT_EQ(detector.levels.front().state, LevelState::kDark);
  EXPECT_EQ(Level(detector, "flat 4")->state, LevelState::kFitted);
  EXPECT_EQ(Level(detector, "flat 6")->state, LevelState::kSaturated);
  // Beyond 70 % of the signal at which the variance is largest.
  EXPECT_EQ(Level(detector, "flat 5")->state, LevelState::kSaturated);
  EXPECT_EQ(detector.transfer->levels, 6);
}

TEST(PhotonTransferTest, ADigitiserThatSaturatesFirstIsSeen) {
  DetectorScene scene{.sensor = SmallSensor(4)};
  scene.sensor.saturation_adu = 16383.0;  // 7490 e-
  const Detector detector = MeasureDetector(RecordAll(scene), {.saturation_adu = 16383.0});
  EXPECT_EQ(Level(detector, "flat 5")->state, LevelState::kSaturated);
  EXPECT_GT(Level(detector, "flat 5")->saturated, 0.5);
  ASSERT_TRUE(detector.transfer.has_value());
  EXPECT_NEAR(detector.transfer->gain_e_per_adu.value, kGain, 0.005);
  EXPECT_NEAR(detector.transfer->full_well_e->value, (16383.0 - 100.0) * kGain, 60.0);
}

TEST(PhotonTransferTest, WithoutASaturatedLevelTheWellIsNotKnown) {
  DetectorScene scene{.sensor = SmallSensor(5), .lights_e = {100, 1000, 4000, 8000}};
  const Detector detector = MeasureDetector(RecordAll(scene), {});
  ASSERT_TRUE(detector.transfer.has_value());
  EXPECT_FALSE(detector.transfer->full_well_e.has_value());
  EXPECT_EQ(detector.transfer->levels, 5);
}

TEST(PhotonTransferTest, TheLampsDriftIsRemovedAndTooMuchIsRefused) {
  DetectorScene scene{.sensor = SmallSensor(6), .lights_e = {300, 1000, 3000, 6000}};
  scene.light_trend = 0.04;
  Detector detector = MeasureDetector(RecordAll(scene), {});
  ASSERT_TRUE(detector.transfer.has_value());
  EXPECT_GT(Level(detector, "flat 3")->drift_share, 0.2);
  EXPECT_NEAR(detector.transfer->gain_e_per_adu.value, kGain,
              4.0 * *detector.transfer->gain_e_per_adu.u);
  scene.light_flicker = 0.05;
  detector = MeasureDetector(RecordAll(scene), {});
  EXPECT_EQ(Level(detector, "flat 3")->state, LevelState::kUnsteady);
}

// A light that moves over the field leaves the frames' means as they are.
TEST(PhotonTransferTest, LightThatChangesDifferentlyOverTheFieldIsRefused) {
  DetectorScene scene{.sensor = SmallSensor(7), .lights_e = {1000, 3000, 6000}};
  std::vector<DetectorSeries> series = RecordAll(scene);
  for (DetectorSeries& flat : series) {
    if (flat.name != "flat 2") continue;
    for (std::size_t k = 0; k < flat.frames.planes.size(); ++k) {
      cv::Mat& plane = flat.frames.planes[k];
      const double change = 0.004 * (static_cast<double>(k) - 9.5);
      plane.colRange(0, 64).convertTo(plane.colRange(0, 64), CV_16U, 1.0 + change, 0.5);
      plane.colRange(64, 128).convertTo(plane.colRange(64, 128), CV_16U, 1.0 - change, 0.5);
    }
  }
  const Detector detector = MeasureDetector(series, {});
  EXPECT_EQ(Level(detector, "flat 2")->state, LevelState::kUnsteady);
  EXPECT_EQ(Level(detector, "flat 1")->state, LevelState::kFitted);
}

/// Largest relative deviation of a response without noise from its own line, relative weights.
double TrueLinearityError(const std::vector<double>& lights_e, double curvature) {
  cv::Mat design(static_cast<int>(lights_e.size()), 2, CV_64F);
  cv::Mat ones = cv::Mat::ones(design.rows, 1, CV_64F);
  for (int i = 0; i < design.rows; ++i) {
    const double light = lights_e[static_cast<std::size_t>(i)];
    const double signal = light * (1.0 - curvature * light / 15000.0);
    design.at<double>(i, 0) = 1.0 / signal;
    design.at<double>(i, 1) = light / signal;
  }
  cv::Mat line;
  cv::solve(design, ones, line, cv::DECOMP_SVD);
  double worst = 0.0;
  for (int i = 0; i < design.rows; ++i) {
    worst = std::max(worst, std::abs(1.0 / design.row(i).dot(line.t()) - 1.0));
  }
  return worst;
}

TEST(PhotonTransferTest, LinearityIsTheWorstDeviationFromTheExposure) {
  DetectorErrors error;
  const std::vector<double> lights_e = {600, 2000, 4000, 6000, 8000, 10000};
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    DetectorScene scene{.sensor = SmallSensor(seed), .lights_e = lights_e, .seed = seed};
    scene.sensor.width = scene.sensor.height = 64;
    scene.sensor.curvature = 0.05;
    scene.sensor.light_slope_x = 0.0;
    const Detector detector = MeasureDetector(RecordAll(scene), {});
    ASSERT_TRUE(detector.transfer->linearity_error.has_value());
    error.Add(*detector.transfer->linearity_error, TrueLinearityError(lights_e, 0.05));
  }
  EXPECT_LT(std::abs(error.Bias()), 0.02);
  EXPECT_GT(error.Pull(), 0.8);  // 60 values: known to 9 %
  EXPECT_LT(error.Pull(), 1.25);
}

TEST(PhotonTransferTest, TooFewLevelsOrFramesGiveNoGain) {
  DetectorScene scene{.sensor = SmallSensor(8), .lights_e = {3000}};
  EXPECT_FALSE(MeasureDetector(RecordAll(scene), {}).transfer.has_value());
  scene.lights_e = {300, 3000};
  EXPECT_TRUE(MeasureDetector(RecordAll(scene), {}).transfer.has_value());
  scene.flat_frames = 19;
  const Detector detector = MeasureDetector(RecordAll(scene), {});
  EXPECT_FALSE(detector.transfer.has_value());
  EXPECT_EQ(detector.levels.back().state, LevelState::kTooFew);
}

TEST(PhotonTransferTest, FlatsOfAnotherSizeAreRefused) {
  DetectorScene scene{.sensor = SmallSensor(9), .lights_e = {300, 1000, 3000}};
  std::vector<DetectorSeries> series = RecordAll(scene);
  for (cv::Mat& plane : series.back().frames.planes) plane = plane(cv::Rect(0, 0, 60, 60));
  const Detector detector = MeasureDetector(series, {});
  ASSERT_EQ(detector.faults.size(), 1U);
  EXPECT_EQ(detector.faults.front().fault, Fault::kUnsupportedFormat);
  EXPECT_EQ(detector.levels.size(), 3U);
}

TEST(PhotonTransferTest, FlatsAloneGiveTheGainButNoWell) {
  DetectorScene scene{.sensor = SmallSensor(10)};
  std::vector<DetectorSeries> series = RecordAll(scene);
  series.erase(series.begin(), series.begin() + 2);
  Detector detector = MeasureDetector(series, {});
  ASSERT_TRUE(detector.transfer.has_value());
  EXPECT_NEAR(detector.transfer->gain_e_per_adu.value, kGain, 0.01);
  EXPECT_FALSE(detector.transfer->full_well_e.has_value());
  EXPECT_FALSE(detector.transfer->prnu.has_value());
  detector = MeasureDetector(series, {.camera_offset_adu = 100.0});
  EXPECT_NEAR(detector.transfer->full_well_e->value, 15000.0, 150.0);
}

}  // namespace
}  // namespace qc_metrics
