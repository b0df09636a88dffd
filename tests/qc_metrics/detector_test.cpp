#include "qc_metrics/detector.h"

#include <gtest/gtest.h>

#include <limits>

#include "qc_metrics/detector_dark.h"
#include "tests/qc_metrics/detector_scenes.h"

// Error estimates. A variance of N pixels and n frames has a relative standard error of
// sqrt(2 / (N (n - 1))): .2 % for a dark series of 128 x 96 x 40, .3 % for a flat level of 20
// frames. Six fitted levels give the gain to about .2 % in one recording; the bounds below are
// those of the root mean square over recordings, with a third of room.

namespace qc_metrics {
namespace {

using monitor::simulation::Sensor;
using monitor::simulation::SensorDefect;

constexpr double kGain = 0.46;

TEST(DarkSeriesTest, FindsOffsetNoiseAndPatternWithinTheirUncertainty) {
  DetectorErrors offset, median, rms, dsnu;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    auto scene = SmallSensor(seed);
    scene.dark_current_e_per_s = 0.0;
    scene.read_noise_log_sd = seed % 2 == 0 ? 0.2 : 0.0;
    const Sensor sensor(scene);
    const auto truth = sensor.Truth();
    const std::vector<DetectorSeries> series = {
        {SeriesKind::kDark, {sensor.Record({.frames = 40, .seed = seed})}, std::nullopt, "dark"}};
    const Detector detector = MeasureDetector(series, {});
    ASSERT_EQ(detector.darks.size(), 1U);
    const DarkSeries& dark = detector.darks.front();
    EXPECT_EQ(dark.pixels, 128 * 96);
    offset.Add(dark.offset_adu, truth.offset_adu);
    median.Add(Times(*dark.read_noise_median_adu, kGain), truth.read_noise_median_e);
    rms.Add(Times(*dark.read_noise_rms_adu, kGain), truth.read_noise_rms_e);
    dsnu.Add(Times(*dark.dsnu_adu, kGain), truth.dsnu_e);
  }
  EXPECT_LT(offset.Rms(), 1e-4);
  EXPECT_LT(std::abs(median.Bias()), 0.001);
  EXPECT_LT(median.Rms(), 0.003);
  EXPECT_LT(std::abs(rms.Bias()), 0.0007);
  EXPECT_LT(rms.Rms(), 0.003);
  EXPECT_LT(std::abs(dsnu.Bias()), 0.005);
  EXPECT_LT(dsnu.Rms(), 0.012);
  for (const auto* errors : {&offset, &median, &rms, &dsnu}) {
    EXPECT_GT(errors->Pull(), 0.8);  // 60 values: known to 9 %
    EXPECT_LT(errors->Pull(), 1.25);
  }
}

// MetroloJ_QC reports 40 e- where the truth is .28: its standard deviation takes hot pixels along.
TEST(DarkSeriesTest, HotPixelsAreOutOfThePatternAndTheNoise) {
  auto scene = SmallSensor(5);
  for (int i = 0; i < 30; ++i)
    scene.defects.push_back({4 * i + 1, (7 * i) % 96, 500.0 + 100.0 * i});
  const Sensor sensor(scene);
  const std::vector<DetectorSeries> series = {
      {SeriesKind::kDark, {sensor.Record({.frames = 40})}, std::nullopt, "dark"}};
  const Detector detector = MeasureDetector(series, {});
  const DarkSeries& dark = detector.darks.front();
  EXPECT_EQ(detector.defects->hot, 30);
  EXPECT_EQ(detector.defects->blinking + detector.defects->cold, 0);
  EXPECT_EQ(dark.pixels, 128 * 96 - 30);
  EXPECT_NEAR(dark.dsnu_adu->value * kGain, sensor.Truth().dsnu_e, 0.01);
  EXPECT_NEAR(dark.offset_adu.value, sensor.Truth().offset_adu, 0.03);
  ASSERT_TRUE(dark.peer.has_value());
  EXPECT_GT(dark.peer->dsnu * kGain, 40.0);
  EXPECT_GT(dark.peer->read_noise_rms, 1.1 * dark.read_noise_rms_adu->value);
  EXPECT_GT(dark.peer->offset, dark.offset_adu.value + 5.0);
  // The plain median of sample deviations is low by a third over the degrees of freedom.
  EXPECT_NEAR(dark.peer->read_noise_median / dark.read_noise_median_adu->value,
              1.0 - 0.33 / 39.0 + 0.0034, 0.004);
}

TEST(DarkSeriesTest, AllDefectsAndNoneBesides) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    auto scene = SmallSensor(seed);
    scene.read_noise_log_sd = 0.2;
    monitor::simulation::Random random(seed);
    cv::Mat expected = cv::Mat::zeros(scene.height, scene.width, CV_8U);
    for (int i = 0; i < 60; ++i) {
      const int kind = i % 3;  // hot, blinking, cold
      SensorDefect defect{static_cast<int>(random.Uniform() * scene.width),
                          static_cast<int>(random.Uniform() * scene.height)};
      defect.extra_e = kind == 2 ? -20.0 : random.Uniform(20.0, 400.0);
      if (kind == 1) {
        defect.extra_e += 60.0;
        defect.on_share = random.Uniform(0.3, 0.9);  // rarer ones may sleep all along
      }
      if (expected.at<std::uint8_t>(defect.y, defect.x) != 0) continue;
      expected.at<std::uint8_t>(defect.y, defect.x) = 255;
      scene.defects.push_back(defect);
    }
    const Sensor sensor(scene);
    const std::vector<DetectorSeries> series = {
        {SeriesKind::kDark, {sensor.Record({.frames = 40})}, std::nullopt, "dark"}};
    const Detector detector = MeasureDetector(series, {});
    for (int y = 0; y < scene.height; ++y) {
      for (int x = 0; x < scene.width; ++x) {
        ASSERT_EQ(detector.defects->map.at<std::uint8_t>(y, x) != 0,
                  expected.at<std::uint8_t>(y, x) != 0)
            << "sensor " << seed << " at " << x << ", " << y << ": "
            << detector.darks.front().mean.at<float>(y, x);
      }
    }
  }
}

TEST(DarkSeriesTest, AWanderOfWholeFramesIsNoReadNoise) {
  DetectorErrors rms, offset;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    auto scene = SmallSensor(seed);
    const Sensor sensor(scene);
    const std::vector<DetectorSeries> series = {
        {SeriesKind::kDark,
         {sensor.Record({.frames = 40, .offset_wander_adu = 3.0, .seed = seed})},
         std::nullopt,
         "dark"}};
    const Detector detector = MeasureDetector(series, {});
    const DarkSeries& dark = detector.darks.front();
    EXPECT_NEAR(dark.frame_sd_adu, 3.0, 1.4);  // 4 standard errors of an SD of 40 values
    rms.Add(Times(*dark.read_noise_rms_adu, kGain), sensor.Truth().read_noise_rms_e);
    offset.Add(dark.offset_adu, sensor.Truth().offset_adu);
  }
  EXPECT_LT(std::abs(rms.Bias()), 0.002);
  EXPECT_GT(offset.Pull(), 0.8);  // 50 values: known to 10 %
  EXPECT_LT(offset.Pull(), 1.25);
}

TEST(DarkSeriesTest, ShortSeriesGiveNoNoise) {
  const Sensor sensor(SmallSensor(1));
  std::vector<DetectorSeries> series = {
      {SeriesKind::kDark, {sensor.Record({.frames = 19})}, std::nullopt, "dark"}};
  Detector detector = MeasureDetector(series, {});
  ASSERT_EQ(detector.darks.size(), 1U);
  EXPECT_FALSE(detector.darks.front().read_noise_rms_adu.has_value());
  EXPECT_FALSE(detector.darks.front().dsnu_adu.has_value());
  EXPECT_NEAR(detector.darks.front().offset_adu.value, 100.0, 0.1);
  series.front().frames.planes.resize(1);
  detector = MeasureDetector(series, {});
  ASSERT_EQ(detector.faults.size(), 1U);
  EXPECT_EQ(detector.faults.front().fault, Fault::kTooFew);
  series.front().frames.planes = sensor.Record({.frames = 20});
  EXPECT_TRUE(MeasureDetector(series, {}).darks.front().read_noise_rms_adu.has_value());
}

TEST(DarkSeriesTest, FramesWithoutNoiseAreRefused) {
  const std::vector<DetectorSeries> series = {
      {SeriesKind::kDark,
       {std::vector<cv::Mat>(25, cv::Mat(32, 32, CV_16U, cv::Scalar(100)))},
       std::nullopt,
       "copies"}};
  const Detector detector = MeasureDetector(series, {});
  ASSERT_EQ(detector.faults.size(), 1U);
  EXPECT_EQ(detector.faults.front().fault, Fault::kNoSignal);
  EXPECT_TRUE(detector.darks.empty());
}

TEST(DarkSeriesTest, ASaturatedSeriesIsRefusedAndSaturatedPixelsAreCounted) {
  auto scene = SmallSensor(2);
  scene.saturation_adu = 4095;
  scene.defects = {{5, 6, 1e5}, {7, 8, 1e5}};
  Sensor sensor(scene);
  std::vector<DetectorSeries> series = {
      {SeriesKind::kDark, {sensor.Record({.frames = 20})}, std::nullopt, "dark"}};
  const Detector detector = MeasureDetector(series, {.saturation_adu = 4095.0});
  EXPECT_EQ(detector.saturated_dark_pixels, 2);
  EXPECT_EQ(detector.defects->hot, 2);
  for (cv::Mat& plane : series.front().frames.planes) plane.rowRange(0, 2).setTo(4095);
  EXPECT_EQ(MeasureDetector(series, {.saturation_adu = 4095.0}).faults.front().fault,
            Fault::kSaturated);
}

// At .53 ADU of noise rounding is a quarter of the variance.
TEST(DarkSeriesTest, RoundingIsRemovedFromWholeNumbersOnly) {
  auto scene = SmallSensor(11);
  scene.gain_e_per_adu = 3.0;
  scene.dark_current_e_per_s = 0.0;
  const Sensor sensor(scene);
  std::vector<DetectorSeries> series = {
      {SeriesKind::kDark, {sensor.Record({.frames = 40})}, std::nullopt, "dark"}};
  Detector detector = MeasureDetector(series, {});
  EXPECT_TRUE(detector.integer);
  const double rms = detector.darks.front().read_noise_rms_adu->value;
  EXPECT_NEAR(rms * 3.0, sensor.Truth().read_noise_rms_e, 0.02);
  EXPECT_NEAR(detector.darks.front().read_noise_median_adu->value * 3.0,
              sensor.Truth().read_noise_median_e, 0.03);
  for (cv::Mat& plane : series.front().frames.planes) plane.convertTo(plane, CV_32F);
  detector = MeasureDetector(series, {});
  EXPECT_FALSE(detector.integer);
  EXPECT_NEAR(std::pow(detector.darks.front().read_noise_rms_adu->value, 2), rms * rms + 1.0 / 12.0,
              1e-5);
}

// Below .4 ADU rounding is no noise of its own: nothing is removed, and the level is no dark point.
TEST(DarkSeriesTest, HardlyAnyNoiseIsLeftAsItIs) {
  DetectorScene scene{.sensor = SmallSensor(12), .lights_e = {1000, 2000, 4000, 8000}};
  scene.sensor.gain_e_per_adu = 6.0;
  const Detector detector = MeasureDetector(RecordAll(scene), {});
  ASSERT_TRUE(detector.transfer.has_value());
  EXPECT_EQ(detector.transfer->levels, 4);
  for (const TransferLevel& level : detector.levels) EXPECT_NE(level.state, LevelState::kDark);
}

TEST(DarkSeriesTest, CorrelationInTimeLengthensTheErrorOfTheMean) {
  std::vector<double> white;
  std::vector<double> slow;
  monitor::simulation::Random random(3);
  double state = 0.0;
  for (int i = 0; i < 400; ++i) {
    white.push_back(random.Normal());
    state = 0.8 * state + 0.6 * random.Normal();
    slow.push_back(state);
  }
  EXPECT_NEAR(*MeanInTime(white).u, 0.05, 0.008);
  EXPECT_NEAR(*MeanInTime(slow).u, 0.15, 0.04);  // sqrt(1.8 / .2) times as large
  EXPECT_FALSE(MeanInTime({1.0, 2.0}).u.has_value());
  EXPECT_DOUBLE_EQ(MeanInTime({1.0, 2.0, 6.0}).value, 3.0);
}

TEST(DarkSeriesTest, DarkCurrentIsTheSlopeOverTheExposure) {
  DetectorErrors current;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    DetectorScene scene{.sensor = SmallSensor(seed), .lights_e = {}, .seed = seed};
    const Detector detector = MeasureDetector(RecordAll(scene), {});
    ASSERT_TRUE(detector.dark_current_adu_per_s.has_value());
    current.Add(Times(*detector.dark_current_adu_per_s, kGain), 2.0);
    EXPECT_EQ(detector.darks.front().name, "dark");
    EXPECT_EQ(detector.darks.back().name, "long dark");
    EXPECT_FALSE(detector.darks.front().mean.empty());
    EXPECT_TRUE(detector.darks.back().mean.empty());
  }
  EXPECT_LT(std::abs(current.Bias()), 0.0012);  // 3 standard errors
  EXPECT_GT(current.Pull(), 0.8);
  EXPECT_LT(current.Pull(), 1.25);
  DetectorScene one{.sensor = SmallSensor(1), .lights_e = {}, .long_dark_s = 0.0};
  EXPECT_FALSE(MeasureDetector(RecordAll(one), {}).dark_current_adu_per_s.has_value());
}

}  // namespace
}  // namespace qc_metrics
