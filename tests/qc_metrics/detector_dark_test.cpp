// Dark figures on series made by hand: means and variances of pixels are given, not simulated.

#include "qc_metrics/detector_dark.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace qc_metrics {
namespace {

// 40 frames of 16 x 12 pixels: means of 100 +- .5 in turn, variances of 4 +- .4 by pairs of rows.
PixelSeries Series() {
  PixelSeries series;
  series.frames = 40;
  series.mean.create(12, 16, CV_32F);
  series.variance.create(12, 16, CV_32F);
  for (int y = 0; y < 12; ++y) {
    for (int x = 0; x < 16; ++x) {
      series.mean.at<float>(y, x) = (x + y) % 2 == 0 ? 100.5F : 99.5F;
      series.variance.at<float>(y, x) = y % 4 < 2 ? 4.4F : 3.6F;
    }
  }
  // Frames wander by .3 in turn, two by two: neighbours in time are half alike.
  for (int k = 0; k < 40; ++k) series.frame_mean.push_back(100.0 + (k % 4 < 2 ? 0.3 : -0.3));
  return series;
}

PixelDefects None(const PixelSeries& series) {
  return {.map = cv::Mat::zeros(series.mean.size(), CV_8U)};
}

TEST(DescribeDark, EveryFigureInClosedForm) {
  const PixelSeries series = Series();
  const DarkSeries dark = DescribeDark(series, None(series), false);
  EXPECT_EQ(dark.pixels, 192);
  EXPECT_NEAR(dark.offset_adu.value, 100.0, 1e-6);
  // The frames' means scatter by .3^2 40 / 39, of which pixels' noise makes 4 / 192.
  const double wander = 0.09 * 40.0 / 39.0 - 4.0 / 192.0;
  EXPECT_NEAR(dark.frame_sd_adu, std::sqrt(wander), 1e-6);
  // Of 39 pairs of neighbours 20 are alike: their products sum to .09 (20 - 19), over the variance
  // and n - 1 that is 1 / 40; with the 1 / n that every sample correlation lacks, 2 / 40.
  const double factor2 = (1.0 + 0.05) / (1.0 - 0.05);
  EXPECT_NEAR(*dark.offset_adu.u, std::sqrt((wander * factor2 + 4.0 / 192.0) / 40.0), 1e-6);
  // Read noise: what is in all pixels alike is the wander.
  const double rms = std::sqrt(4.0 - wander);
  ASSERT_TRUE(dark.read_noise_rms_adu && dark.dsnu_adu);
  EXPECT_NEAR(dark.read_noise_rms_adu->value, rms, 1e-6);
  // A sample variance of 39 degrees scatters by 2 v^2 / 39; the mean of v^2, 16.16, is itself high
  // by 41 / 39.
  const double u_variance = std::sqrt(2.0 * 16.16 * 39.0 / 41.0 / 39.0 / 192.0);
  EXPECT_NEAR(*dark.read_noise_rms_adu->u, u_variance / (2.0 * rms), 1e-6);
  // The pattern is .5^2 less the noise of a mean of 40.
  const double noise = (4.0 - wander) / 40.0;
  const double square = 0.25 - noise;
  EXPECT_NEAR(dark.dsnu_adu->value, std::sqrt(square), 1e-6);
  const double u_square = std::sqrt((4.0 * square * noise + 2.0 * noise * noise) / 192.0);
  EXPECT_NEAR(*dark.dsnu_adu->u, u_square / (2.0 * std::sqrt(square)), 1e-6);
  // The peer's: over all pixels, nothing removed.
  ASSERT_TRUE(dark.peer.has_value());
  EXPECT_NEAR(dark.peer->offset, 100.0, 1e-6);
  EXPECT_NEAR(dark.peer->dsnu, 0.5 * std::sqrt(192.0 / 191.0), 1e-6);
  EXPECT_NEAR(dark.peer->read_noise_rms, 2.0, 1e-6);
  // The mean of the middle two.
  EXPECT_NEAR(dark.peer->read_noise_median, 0.5 * (std::sqrt(3.6) + std::sqrt(4.4)), 1e-6);
}

// A quiet sensor: the noise of a pixel's mean is far below one ADU squared and is taken off as
// such.
TEST(DescribeDark, PatternOfAQuietSensor) {
  PixelSeries series = Series();
  series.variance.setTo(0.25);
  series.frame_mean.assign(40, 100.0);
  const DarkSeries dark = DescribeDark(series, None(series), false);
  EXPECT_NEAR(dark.dsnu_adu->value, std::sqrt(0.25 - 0.25 / 40.0), 1e-6);
  EXPECT_NEAR(dark.read_noise_rms_adu->value, 0.5, 1e-6);
}

TEST(DescribeDark, RoundingIsTakenOffWholeNumbersWithNoise) {
  PixelSeries series = Series();
  const double fine = DescribeDark(series, None(series), false).read_noise_rms_adu->value;
  const double whole = DescribeDark(series, None(series), true).read_noise_rms_adu->value;
  EXPECT_NEAR(fine * fine - whole * whole, 1.0 / 12.0, 1e-6);
  // Below .4 ADU rounding is no noise of its own.
  for (const double sd : {0.39, 0.41}) {
    series.variance.setTo(sd * sd);
    series.frame_mean.assign(40, 100.0);
    const double own = DescribeDark(series, None(series), true).read_noise_rms_adu->value;
    EXPECT_NEAR(own * own, sd < 0.4 ? sd * sd : sd * sd - 1.0 / 12.0, 1e-6);
  }
}

TEST(DescribeDark, DefectsStayOutAndShortSeriesHaveNoNoise) {
  PixelSeries series = Series();
  PixelDefects defects = None(series);
  series.mean.at<float>(3, 5) = 5000.0F;
  series.variance.at<float>(3, 5) = 900.0F;
  defects.map.at<std::uint8_t>(3, 5) = 1;
  const DarkSeries dark = DescribeDark(series, defects, false);
  EXPECT_EQ(dark.pixels, 191);
  EXPECT_NEAR(dark.offset_adu.value, 100.0, 0.01);
  EXPECT_LT(dark.read_noise_rms_adu->value, 2.1);
  EXPECT_GT(dark.peer->read_noise_rms, 2.9);
  series.frames = 20;
  series.frame_mean.resize(20);
  EXPECT_TRUE(DescribeDark(series, defects, false).read_noise_rms_adu.has_value());
  series.frames = 19;
  series.frame_mean.resize(19);
  const DarkSeries brief = DescribeDark(series, defects, false);
  EXPECT_FALSE(brief.read_noise_rms_adu.has_value());
  EXPECT_TRUE(brief.offset_adu.u.has_value());
  EXPECT_NEAR(brief.offset_adu.value, 100.0, 0.01);
}

// A ramp of means has a robust SD of 1.4826 times a quarter of its range. With no noise to speak of
// 8 of them are the bound.
TEST(FindDefects, HotAndColdPixelsLieBeyondEightSds) {
  PixelSeries series = Series();
  series.variance.setTo(1e-4);
  for (int i = 0; i < 192; ++i)
    series.mean.at<float>(i / 16, i % 16) = 100.0F + 0.01F * static_cast<float>(i);
  const double bound = 8.0 * 1.4826 * 0.48;  // 96 values within .48 of the middle one
  for (const double away : {0.97 * bound, 1.03 * bound}) {
    for (const double sign : {1.0, -1.0}) {
      series.mean.at<float>(4, 7) = static_cast<float>(100.96 + sign * away);
      const PixelDefects defects = FindDefects(series);
      EXPECT_EQ(defects.hot, away > bound && sign > 0.0 ? 1 : 0);
      EXPECT_EQ(defects.cold, away > bound && sign < 0.0 ? 1 : 0);
      EXPECT_EQ(defects.blinking, 0);
    }
  }
}

// Equal means: the noise of a mean of 40 alone, and the pixel's own where it is larger.
TEST(FindDefects, ANoisyPixelMayLieFartherAway) {
  PixelSeries series = Series();
  series.mean.setTo(100.0);
  series.variance.setTo(4.0);
  const double bound = 8.0 * std::sqrt(4.0 / 40.0);
  for (const double away : {0.98 * bound, 1.02 * bound}) {
    series.mean.at<float>(4, 7) = static_cast<float>(100.0 + away);
    EXPECT_EQ(FindDefects(series).hot, away > bound ? 1 : 0);
  }
  series.variance.at<float>(4, 7) = 16.0F;
  EXPECT_EQ(FindDefects(series).hot, 0);
}

TEST(FindDefects, BlinkingIsFourTimesTheUsualNoiseAtLeast) {
  PixelSeries series = Series();
  series.variance.setTo(4.0);  // all alike: the factor of four decides
  for (const double factor : {3.9, 4.1}) {
    series.variance.at<float>(4, 7) = static_cast<float>(4.0 * factor * factor);
    const PixelDefects defects = FindDefects(series);
    EXPECT_EQ(defects.blinking, factor > 4.0 ? 1 : 0);
    EXPECT_EQ(defects.map.at<std::uint8_t>(4, 7), factor > 4.0 ? 3 : 0);
    EXPECT_EQ(defects.hot + defects.cold, 0);
  }
}

// A camera of half an ADU of noise has blinking pixels too.
TEST(FindDefects, AQuietSensorMayBlink) {
  PixelSeries series = Series();
  series.variance.setTo(0.25);
  series.variance.at<float>(4, 7) = 0.25F * 25.0F;
  EXPECT_EQ(FindDefects(series).blinking, 1);
  series.variance.setTo(0.0);  // and one that stores no noise at all has none
  series.variance.at<float>(4, 7) = 9.0F;
  EXPECT_EQ(FindDefects(series).blinking, 0);
}

TEST(Merge, KeepsTheFirstKindAndCountsAnew) {
  PixelDefects first{.map = cv::Mat::zeros(2, 3, CV_8U)},
      second{.map = cv::Mat::zeros(2, 3, CV_8U)};
  first.map.at<std::uint8_t>(0, 0) = 1;
  second.map.at<std::uint8_t>(0, 0) = 3;
  second.map.at<std::uint8_t>(1, 2) = 2;
  second.map.at<std::uint8_t>(0, 1) = 3;
  Merge(second, first);
  EXPECT_EQ(first.hot, 1);
  EXPECT_EQ(first.cold, 1);
  EXPECT_EQ(first.blinking, 1);
  EXPECT_EQ(first.map.at<std::uint8_t>(0, 0), 1);
}

TEST(MeanInTime, HasAnErrorOfThreeValuesOnThatNeighboursLengthen) {
  EXPECT_FALSE(MeanInTime({1.0, 2.0}).u.has_value());
  // -1 0 1: neighbours' products sum to 0, the correlation is 1/3 for the mean that was taken off.
  const DetectorValue three = MeanInTime({4.0, 5.0, 6.0});
  EXPECT_EQ(three.value, 5.0);
  EXPECT_NEAR(*three.u, std::sqrt(1.0 / 3.0) * std::sqrt((4.0 / 3.0) / (2.0 / 3.0)), 1e-12);
  // Alternating values are at least uncorrelated.
  const DetectorValue turning = MeanInTime({4.0, 6.0, 4.0, 6.0, 4.0, 6.0});
  EXPECT_NEAR(*turning.u, std::sqrt(6.0 / 5.0 / 6.0), 1e-12);
}

DarkSeries At(double exposure_s, double offset, double u) {
  DarkSeries dark;
  dark.exposure_s = exposure_s;
  dark.offset_adu = {offset, u};
  return dark;
}

// By hand: weights 1, 1/4 and 1 at 0, 1 and 4 s.
TEST(DarkCurrent, IsTheWeightedSlopeOverTheExposure) {
  const auto current = DarkCurrent({At(0.0, 100.0, 1.0), At(1.0, 102.0, 2.0), At(4.0, 108.0, 1.0)});
  ASSERT_TRUE(current.has_value());
  EXPECT_NEAR(current->value, 2.0, 1e-12);
  // w = 2.25, wt = 4.25, wtt = 16.25: the spread is 16.25 - 4.25^2 / 2.25.
  EXPECT_NEAR(*current->u, 1.0 / std::sqrt(16.25 - 4.25 * 4.25 / 2.25), 1e-12);
  const auto bent = DarkCurrent({At(0.0, 100.0, 1.0), At(1.0, 103.0, 2.0), At(4.0, 108.0, 1.0)});
  // One more at 1 s moves the slope by its weight times its distance from the mean time.
  EXPECT_NEAR(bent->value, 2.0 + 0.25 * (1.0 - 4.25 / 2.25) / (16.25 - 4.25 * 4.25 / 2.25), 1e-12);
}

TEST(DarkCurrent, NeedsTwoExposuresWithAnUncertainty) {
  EXPECT_FALSE(DarkCurrent({}).has_value());
  EXPECT_FALSE(DarkCurrent({At(1.0, 100.0, 1.0), At(1.0, 101.0, 1.0)}).has_value());
  EXPECT_FALSE(DarkCurrent({At(1.0, 100.0, 1.0), At(2.0, 101.0, 0.0)}).has_value());
  EXPECT_TRUE(DarkCurrent({At(1.0, 100.0, 0.3), At(2.0, 101.0, 0.3)}).has_value());
  DarkSeries unknown = At(3.0, 100.0, 1.0);
  unknown.exposure_s.reset();
  EXPECT_FALSE(DarkCurrent({At(1.0, 100.0, 1.0), unknown}).has_value());
}

}  // namespace
}  // namespace qc_metrics
