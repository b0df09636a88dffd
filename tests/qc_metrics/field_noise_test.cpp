// Noise of blocks whose sums are given: medians, the line through them, and its limits.

#include "qc_metrics/field_noise.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

namespace qc_metrics {
namespace {

// 16 x 16 blocks of 16 px; each has `variance` of its own level everywhere. Second differences of
// white noise have six times its variance.
NoiseBlocks Blocks(const std::function<double(int)>& level,
                   const std::function<double(int)>& variance, int parts = 1) {
  NoiseBlocks blocks({256 + 9, 256 + 9});  // a rest that fills no block
  for (int row = 0; row < 16; ++row) {
    for (int part = 0; part < parts; ++part) {
      const int rows = 16 / parts;
      ColumnSums sums(256 + 9);
      for (int x = 0; x < 256 + 9; ++x) {
        const int block = 16 * row + x / 16;
        const auto i = static_cast<std::size_t>(x);
        sums.value[i] = static_cast<float>(rows * level(block));
        sums.second[i] = static_cast<float>(rows * 6.0 * variance(block));
        // The differences that reach into the next block do not count.
        if (x % 16 == 0 || x % 16 == 15) sums.second[i] = 1e9F;
      }
      blocks.Add(16 * row + part * rows, rows, sums);
    }
  }
  return blocks;
}

// The median of a reduced chi-squared of 14 * 16 differences, of which (1 + 2 (4/9 + 1/36)) count
// as one (Wilson and Hilferty 1931): each block's variance is its own estimate.
const double kFreedom = 14.0 * 16.0 / (1.0 + 2.0 * (4.0 / 9.0 + 1.0 / 36.0));
const double kMedian = std::pow(1.0 - 2.0 / (9.0 * kFreedom), 3);

TEST(NoiseBlocks, GiveTheLineOfVarianceOverLevel) {
  for (const int parts : {1, 4}) {
    const auto level = [](int block) { return 100.0 + 2.0 * block; };
    const PixelNoise line = Blocks(
                                level, [&](int block) { return 30.0 + 0.5 * level(block); }, parts)
                                .Fit(0.1);
    EXPECT_NEAR(line.slope_adu, 0.5 / kMedian, 3e-6);
    EXPECT_NEAR(line.constant_adu2, 30.0 / kMedian, 1e-3);
    EXPECT_NEAR(line.VarianceAt(200.0), 130.0 / kMedian, 1e-2);
  }
}

// Equal levels tell nothing of a slope, however rounding leaves their spread: the mean is taken.
TEST(NoiseBlocks, EqualLevelsHaveNoSlope) {
  for (int tenth = 1; tenth < 40; ++tenth) {
    const PixelNoise line = Blocks([&](int) { return 1000.0 + 0.1 * tenth; },
                                   [](int block) { return 50.0 + 0.01 * block; })
                                .Fit(0.1);
    EXPECT_EQ(line.slope_adu, 0.0) << tenth;
    EXPECT_NEAR(line.constant_adu2, 51.275 / kMedian, 0.02);
  }
}

TEST(NoiseBlocks, OneBlockIsEnough) {
  NoiseBlocks blocks({16, 16});
  ColumnSums sums(16);
  std::fill(sums.value.begin(), sums.value.end(), 16.0F * 200.0F);
  std::fill(sums.second.begin(), sums.second.end(), 16.0F * 6.0F * 30.0F);
  blocks.Add(0, 16, sums);
  const PixelNoise line = blocks.Fit(0.1);
  EXPECT_EQ(line.slope_adu, 0.0);
  EXPECT_NEAR(line.constant_adu2, 30.0 / kMedian, 1e-4);
}

TEST(NoiseBlocks, DustInFewerThanHalfOfAGroupDoesNothing) {
  const auto level = [](int block) { return 100.0 + 2.0 * block; };
  const PixelNoise line =
      Blocks(level, [&](int block) { return block % 5 == 2 ? 9e3 : 50.0; }).Fit(0.1);
  EXPECT_NEAR(line.slope_adu, 0.0, 1e-6);
  EXPECT_NEAR(line.constant_adu2, 50.0 / kMedian, 1e-3);
}

TEST(NoiseBlocks, NeitherPartIsBelowZeroAndNoneBelowTheLeast) {
  const auto level = [](int block) { return 100.0 + 2.0 * block; };
  // Falls with the level: the mean, with relative weights.
  const PixelNoise falling =
      Blocks(level, [&](int block) { return 500.0 - 0.5 * level(block); }).Fit(0.1);
  EXPECT_EQ(falling.slope_adu, 0.0);
  EXPECT_GT(falling.constant_adu2, 130.0);
  EXPECT_LT(falling.constant_adu2, 420.0);
  // Proportional to the level less 50: the line through 0 that fits relative errors best.
  const PixelNoise steep =
      Blocks(level, [&](int block) { return 2.0 * (level(block) - 50.0); }).Fit(0.1);
  EXPECT_EQ(steep.constant_adu2, 0.1);
  EXPECT_GT(steep.slope_adu, 1.0);
  EXPECT_LT(steep.slope_adu, 2.0);
  const PixelNoise quiet = Blocks(level, [](int) { return 1e-6; }).Fit(1.0 / 12.0);
  EXPECT_EQ(quiet.constant_adu2, 1.0 / 12.0);
  EXPECT_EQ(quiet.slope_adu, 0.0);
  const PixelNoise none = NoiseBlocks({15, 300}).Fit(0.25);
  EXPECT_EQ(none.constant_adu2, 0.25);
  EXPECT_EQ(none.slope_adu, 0.0);
}

// All blocks alike in level: no slope can be told, and the constant is theirs.
TEST(NoiseBlocks, OneLevelHasNoSlope) {
  const PixelNoise line =
      Blocks([](int) { return 700.0; }, [](int block) { return 40.0 + 0.01 * block; }).Fit(0.1);
  EXPECT_EQ(line.slope_adu, 0.0);
  EXPECT_NEAR(line.constant_adu2, 41.3 / kMedian, 0.7);
}

}  // namespace
}  // namespace qc_metrics
