// The photon-transfer curve from levels made by hand.

#include "qc_metrics/detector_transfer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace qc_metrics {
namespace {

TransferLevel Level(double mean_adu, double variance_adu2, double u) {
  TransferLevel level;
  level.frames = 40;
  level.mean_adu = mean_adu;
  level.signal_adu = mean_adu - 100.0;
  level.mean_u_adu = 0.5;
  level.variance_adu2 = variance_adu2;
  level.variance_u_adu2 = u;
  return level;
}

// Variance = 5 + (mean - 100) / 2, the dark level at 100.
std::vector<TransferLevel> Straight() {
  std::vector<TransferLevel> levels;
  for (const double signal : {0.0, 100.0, 300.0, 600.0, 1000.0}) {
    levels.push_back(Level(100.0 + signal, 5.0 + 0.5 * signal, 0.02 * (5.0 + 0.5 * signal)));
  }
  levels[0].state = LevelState::kDark;
  return levels;
}

TEST(FitTransfer, GainIsTheSlopeOfVarianceOnMean) {
  auto levels = Straight();
  const auto fit = FitTransfer(levels);
  ASSERT_TRUE(fit.has_value());
  EXPECT_EQ(fit->levels, 5);
  EXPECT_NEAR(fit->slope_adu, 0.5, 1e-9);
  EXPECT_NEAR(fit->intercept_adu2, -45.0, 1e-7);
  EXPECT_NEAR(fit->gain_e_per_adu.value, 2.0, 1e-9);
  double w = 0.0, wx = 0.0, wxx = 0.0;
  for (const TransferLevel& level : levels) {
    const double weight = 1.0 / (level.variance_u_adu2 * level.variance_u_adu2);
    w += weight;
    wx += weight * level.mean_adu;
    wxx += weight * level.mean_adu * level.mean_adu;
  }
  EXPECT_NEAR(*fit->gain_e_per_adu.u, std::sqrt(1.0 / (wxx - wx * wx / w)) / 0.25, 1e-9);
  EXPECT_NEAR(fit->worst_deviation, 0.0, 1e-9);
  EXPECT_FALSE(fit->full_well_e.has_value());
  EXPECT_FALSE(fit->linearity_error.has_value());  // no exposures
  levels.resize(3);
  EXPECT_TRUE(FitTransfer(levels).has_value());
  levels.resize(2);
  EXPECT_FALSE(FitTransfer(levels).has_value());
}

// Equal uncertainties, and residuals of the cubic pattern -1 2 0 -2 1 that no line follows.
TEST(FitTransfer, ScatterBeyondTheUncertaintyLengthensIt) {
  const double pattern[] = {-1.0, 2.0, 0.0, -2.0, 1.0};
  for (const double size : {0.5, 2.0}) {
    std::vector<TransferLevel> levels;
    for (int i = 0; i < 5; ++i) {
      levels.push_back(Level(200.0 + 100.0 * i, 100.0 + 50.0 * i + size * pattern[i], 1.0));
    }
    const auto fit = FitTransfer(levels);
    ASSERT_TRUE(fit.has_value());
    EXPECT_NEAR(fit->slope_adu, 0.5, 1e-12);
    const double chi2 = 10.0 * size * size / 3.0;
    EXPECT_NEAR(fit->reduced_chi2, chi2, 1e-9);
    const double u_slope = std::sqrt(1.0 / 100000.0) * (chi2 > 2.0 ? std::sqrt(chi2) : 1.0);
    EXPECT_NEAR(*fit->gain_e_per_adu.u, u_slope / 0.25, 1e-9);
    EXPECT_NEAR(fit->worst_deviation, 2.0 * size / 150.0, 1e-9);
  }
}

// The variance turns at a signal of 2000 and is gone at 2400: levels beyond 1400 are left out.
TEST(FitTransfer, TheTurnOfTheVarianceEndsTheFitAndTellsTheWell) {
  auto levels = Straight();
  for (const double signal : {1350.0, 1450.0, 2000.0}) {
    levels.push_back(Level(100.0 + signal, 5.0 + 0.5 * signal, 10.0));
  }
  auto brighter = levels;
  EXPECT_TRUE(FitTransfer(levels).has_value());
  for (const TransferLevel& level : levels) EXPECT_NE(level.state, LevelState::kSaturated);
  brighter.push_back(Level(2500.0, 400.0, 10.0));
  const auto fit = FitTransfer(brighter);
  ASSERT_TRUE(fit.has_value());
  EXPECT_EQ(fit->levels, 6);
  EXPECT_EQ(brighter[5].state, LevelState::kFitted);
  for (std::size_t i = 6; i < 9; ++i) EXPECT_EQ(brighter[i].state, LevelState::kSaturated);
  // The line says 1205 at 2500 ADU, a third of it is left; the frames' SD there is 20 ADU.
  ASSERT_TRUE(fit->full_well_e.has_value());
  EXPECT_NEAR(fit->full_well_e->value, 4800.0, 1e-6);
  EXPECT_NEAR(*fit->full_well_e->u,
              std::hypot(*fit->gain_e_per_adu.u * 2400.0, 2.0 * std::hypot(0.5, 0.4 * 20.0)), 1e-6);
  // Nine tenths of the largest variance is no turn yet, and a half is not gone.
  auto flat = Straight();
  flat.push_back(Level(1200.0, 0.91 * flat.back().variance_adu2, 10.0));
  EXPECT_TRUE(FitTransfer(flat).has_value());
  EXPECT_EQ(flat.back().state, LevelState::kFitted);
  brighter = Straight();
  brighter.push_back(Level(2100.0, 1005.0, 10.0));
  brighter.push_back(Level(2500.0, 0.55 * 1205.0, 10.0));
  EXPECT_FALSE(FitTransfer(brighter)->full_well_e.has_value());
}

// Signals 100 t but for one: the line has equal relative weights.
TEST(FitTransfer, LinearityIsTheLargestDeviationFromTheLineOverTheExposure) {
  std::vector<TransferLevel> levels;
  double w = 0.0, wt = 0.0, wtt = 0.0, wy = 0.0, wty = 0.0;
  for (const double t : {0.2, 1.0, 2.0, 4.0, 8.0}) {
    const double signal = t == 2.0 ? 206.0 : 100.0 * t;
    levels.push_back(Level(100.0 + signal, 5.0 + 0.5 * signal, 1.0));
    levels.back().exposure_s = t;
    if (t < 0.4) continue;  // below a twentieth of the brightest
    const double weight = 1.0 / (signal * signal);
    w += weight;
    wt += weight * t;
    wtt += weight * t * t;
    wy += weight * signal;
    wty += weight * t * signal;
  }
  levels[0].signal_adu = 35.0;  // far off, and faint
  const auto fit = FitTransfer(levels);
  ASSERT_TRUE(fit && fit->linearity_error);
  const double slope = (w * wty - wt * wy) / (w * wtt - wt * wt);
  const double line = (wy - slope * wt) / w + slope * 2.0;
  EXPECT_NEAR(fit->linearity_error->value, 206.0 / line - 1.0, 1e-9);
  // Hat value of the level in the weighted fit, times its weight.
  const double hat = (wtt - 2.0 * 2.0 * wt + 4.0 * w) / (w * wtt - wt * wt);
  EXPECT_NEAR(*fit->linearity_error->u, 0.5 / line * std::sqrt(1.0 - hat / (line * line)), 1e-9);
  levels.resize(3);
  levels[0].exposure_s.reset();
  EXPECT_FALSE(FitTransfer(levels)->linearity_error.has_value());  // two are left
}

TEST(FitTransfer, PatternIsTheWeightedMeanOfTheLevels) {
  auto levels = Straight();
  levels[1].prnu_squared = DetectorValue{1e-4, 1e-5};
  levels[2].prnu_squared = DetectorValue{4e-4, 2e-5};
  const auto fit = FitTransfer(levels);
  ASSERT_TRUE(fit && fit->prnu);
  const double square = (1e-4 * 4.0 + 4e-4) / 5.0, u = 1.0 / std::sqrt(1e10 + 0.25e10);
  EXPECT_NEAR(fit->prnu->value, std::sqrt(square), 1e-12);
  EXPECT_NEAR(*fit->prnu->u, u / (2.0 * std::sqrt(square)), 1e-12);
  levels = Straight();
  EXPECT_FALSE(FitTransfer(levels)->prnu.has_value());
  levels[1].prnu_squared = DetectorValue{-1e-6, 1e-5};
  const auto none = FitTransfer(levels);
  EXPECT_EQ(none->prnu->value, 0.0);
  EXPECT_NEAR(*none->prnu->u, std::sqrt(1e-5), 1e-12);
}

// 40 frames of 30 x 24 pixels at 1100 over a dark level of 100, variances of 500 +- 50.
PixelSeries Flat() {
  PixelSeries series;
  series.frames = 40;
  series.mean.create(24, 30, CV_32F);
  series.variance.create(24, 30, CV_32F);
  for (int y = 0; y < 24; ++y) {
    for (int x = 0; x < 30; ++x) {
      series.mean.at<float>(y, x) = (x + y) % 2 == 0 ? 1110.0F : 1090.0F;
      series.variance.at<float>(y, x) = x % 2 == 0 ? 550.0F : 450.0F;
    }
  }
  for (int k = 0; k < 40; ++k) series.frame_mean.push_back(1100.0 + (k % 2 == 0 ? 2.0 : -2.0));
  series.difference_variance = 500.0 - 4.0 * 40.0 / 39.0 + 8.0;  // of the lamp: steps of 4
  return series;
}

DarkReference Dark() {
  return {.offset_adu = 100.0,
          .mean = cv::Mat(24, 30, CV_32F, cv::Scalar(99.0)),
          .shift_adu = 1.0,
          .noise_of_mean_adu2 = 0.5};
}

TEST(DescribeLevel, NoiseWithoutLampAndRoundingInClosedForm) {
  const cv::Mat none = cv::Mat::zeros(24, 30, CV_8U);
  const TransferLevel level = DescribeLevel(Flat(), none, Dark(), true);
  EXPECT_EQ(level.state, LevelState::kFitted);
  EXPECT_NEAR(level.mean_adu, 1100.0, 1e-3);
  EXPECT_NEAR(*level.signal_adu, 1000.0, 1e-3);
  // The lamp's 4 * 40 / 39 counts as the square of the signal over its mean's.
  const double factor = (1010.0 * 1010.0 + 990.0 * 990.0) / 2e6;
  const double lamp = factor * 4.0 * 40.0 / 39.0;
  EXPECT_NEAR(level.variance_adu2, 500.0 - lamp - 1.0 / 12.0, 1e-3);
  EXPECT_NEAR(level.drift_share, lamp / 500.0, 1e-6);
  const double squares = (550.0 * 550.0 + 450.0 * 450.0) / 2.0;
  EXPECT_NEAR(level.variance_u_adu2, std::sqrt(2.0 * squares * 39.0 / 41.0 / 39.0 / 720.0), 1e-4);
  EXPECT_NEAR(level.mean_u_adu, std::sqrt(4.0 * 40.0 / 39.0 / 40.0), 1e-3);
  // The pattern of 10 in 1000: in a box of 49 the other sign has 24 or 25, so the residual is
  // 10 (1 -+ 1 / 49), as of a sample variance; less the noise of both means.
  ASSERT_TRUE(level.prnu_squared.has_value());
  const double own = 500.0 - lamp;
  const double residual = 100.0 * std::pow(1.0 - 1.0 / 49.0, 2) * 49.0 / 48.0;
  const double noise = own / 40.0 + 0.5;
  const double square_signal = factor * 1e6;
  EXPECT_NEAR(level.prnu_squared->value, (residual - noise) / square_signal, 1e-9);
  const double inner = 24.0 * 18.0, pattern = residual - noise;
  const double unseen = 1.0 - inner / 720.0 + 1.0 / 49.0;
  const double u = std::sqrt(
      (4.0 * pattern * noise + 2.0 * noise * noise + 2.0 * pattern * pattern * unseen) / inner);
  EXPECT_NEAR(*level.prnu_squared->u, u / square_signal, 1e-9);
}

TEST(DescribeLevel, EachStateAtItsLimit) {
  const cv::Mat none = cv::Mat::zeros(24, 30, CV_8U);
  PixelSeries series = Flat();
  series.frames = 19;
  EXPECT_EQ(DescribeLevel(series, none, Dark(), true).state, LevelState::kTooFew);
  series = Flat();
  series.saturated = cv::Mat::zeros(24, 30, CV_8U);
  EXPECT_EQ(DescribeLevel(series, none, Dark(), true).state, LevelState::kFitted);
  series.saturated.at<std::uint8_t>(3, 3) = 255;  // one of 720 is more than 1e-4
  const TransferLevel saturated = DescribeLevel(series, none, Dark(), true);
  EXPECT_EQ(saturated.state, LevelState::kSaturated);
  EXPECT_NEAR(saturated.saturated, 1.0 / 720.0, 1e-9);
  cv::Mat defect = none.clone();
  defect.at<std::uint8_t>(3, 3) = 1;  // known before
  EXPECT_EQ(DescribeLevel(series, defect, Dark(), true).state, LevelState::kFitted);
  // Light that changes differently over the field: differences say less, by four standard errors.
  for (const double part : {3.8, 4.2}) {
    series = Flat();
    const double u = DescribeLevel(series, none, Dark(), true).variance_u_adu2;
    series.difference_variance -= part * std::sqrt(1.5) * u;
    EXPECT_EQ(DescribeLevel(series, none, Dark(), true).state,
              part > 4.0 ? LevelState::kUnsteady : LevelState::kFitted);
  }
  // A lamp whose share is beyond one half.
  for (const double sway : {15.0, 16.5}) {
    series = Flat();
    for (std::size_t k = 0; k < 40; ++k)
      series.frame_mean[k] = 1100.0 + (k % 2 == 0 ? sway : -sway);
    const double lamp = sway * sway * 40.0 / 39.0;
    series.difference_variance = 500.0 - lamp + 2.0 * sway * sway;
    EXPECT_EQ(DescribeLevel(series, none, Dark(), true).state,
              lamp > 250.0 ? LevelState::kUnsteady : LevelState::kFitted)
        << sway;
  }
}

TEST(DarkLevel, IsTheSquareOfTheReadNoise) {
  DarkSeries dark;
  dark.frames = 50;
  dark.offset_adu = {101.0, 0.2};
  EXPECT_FALSE(DarkLevel(dark).has_value());
  dark.read_noise_rms_adu = DetectorValue{3.0, 0.1};
  const auto level = DarkLevel(dark);
  ASSERT_TRUE(level.has_value());
  EXPECT_EQ(level->state, LevelState::kDark);
  EXPECT_EQ(level->mean_adu, 101.0);
  EXPECT_EQ(level->mean_u_adu, 0.2);
  EXPECT_NEAR(level->variance_adu2, 9.0, 1e-12);
  EXPECT_NEAR(level->variance_u_adu2, 0.6, 1e-12);
  dark.read_noise_rms_adu = DetectorValue{0.39, 0.1};
  EXPECT_FALSE(DarkLevel(dark).has_value());
  dark.read_noise_rms_adu = DetectorValue{0.41, 0.1};
  EXPECT_TRUE(DarkLevel(dark).has_value());
}

}  // namespace
}  // namespace qc_metrics
