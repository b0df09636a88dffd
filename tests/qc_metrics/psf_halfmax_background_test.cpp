// The level about a bead on stacks whose every voxel is given.

#include "qc_metrics/psf_halfmax_background.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

namespace qc_metrics {
namespace {

Stack Painted(int side, int planes, const std::function<double(int, int, int)>& value) {
  Stack stack;
  for (int z = 0; z < planes; ++z) {
    cv::Mat plane(side, side, CV_32F);
    for (int y = 0; y < side; ++y) {
      for (int x = 0; x < side; ++x) plane.at<float>(y, x) = static_cast<float>(value(x, y, z));
    }
    stack.planes.push_back(plane);
  }
  return stack;
}

// A variance of 4 everywhere; the stack's own level is never the answer here.
FitContext Of(const Stack& stack) {
  FitContext context{.stack = stack,
                     .box = {},
                     .noise = {},
                     .voxel_um = {0.1, 0.1, 0.2},
                     .background = {.level_adu = 7.0, .sd_adu = 3.0}};
  context.noise.at_zero = 4.0;
  return context;
}

const Shape kRound = {2.25, 2.25, 4.0, 0.0, 0.0, 0.0};  // sigmas of 1.5 and 2 px: 12 px are clear
const double kPrice = std::sqrt(1.5707963267948966);    // of a median's SD over that of a mean

// 31 x 31 x 3 voxels at each end; the light about the bead is not looked at.
TEST(FarBackground, IsTheStraightLineBetweenBothEnds) {
  const Stack stack = Painted(60, 40, [](int x, int y, int z) {
    if (z > 4 && z < 35) return 5000.0;
    if (std::abs(x - 30) > 15 || std::abs(y - 28) > 15) return 900.0;
    return 100.0 + 0.5 * z;
  });
  const Estimate level = FarBackground(Of(stack), {30.2, 27.8, 16.0}, kRound);
  EXPECT_NEAR(level.value, 108.0, 1e-4);
  const double one = 2.0 / std::sqrt(31.0 * 31.0 * 3.0);
  EXPECT_NEAR(level.u, one * std::hypot(15.0 / 37.0, 22.0 / 37.0), 1e-6);
}

// An end nearer than 6 sigma is not used: 12 px from the third slice on.
TEST(FarBackground, TakesTheEndThatIsClear) {
  const Stack stack = Painted(40, 40, [](int, int, int z) { return z < 20 ? 100.0 : 140.0; });
  EXPECT_NEAR(FarBackground(Of(stack), {20.0, 20.0, 13.9}, kRound).value, 140.0, 1e-4);
  EXPECT_NEAR(FarBackground(Of(stack), {20.0, 20.0, 25.1}, kRound).value, 100.0, 1e-4);
  const double both = FarBackground(Of(stack), {20.0, 20.0, 14.0}, kRound).value;
  EXPECT_NEAR(both, 100.0 + 40.0 * 13.0 / 37.0, 1e-4);
}

// Beyond 4 SDs values are clipped; more than 3 % of them are a structure, and the median is taken.
TEST(FarBackground, ClipsAFewValuesAndTakesTheMedianOfAStructure) {
  for (const int every : {50, 25}) {
    const Stack stack = Painted(31, 40, [&](int x, int y, int z) {
      const int i = x + 31 * y + 961 * z;
      return i % every == 0 ? 300.0 : 100.0 + (i % 2 == 0 ? 1.0 : -1.0);
    });
    const Estimate level = FarBackground(Of(stack), {15.0, 15.0, 12.0}, kRound);
    const double n = 961.0 * 3.0;
    const double kept = std::ceil(n * (1.0 - 1.0 / every));
    EXPECT_NEAR(level.value, every == 50 ? 100.0 : 101.0, 0.1);
    EXPECT_NEAR(level.u / (every == 50 ? 2.0 / std::sqrt(kept) : kPrice * 2.0 / std::sqrt(n)), 1.0,
                1e-3);
  }
}

// No end is clear: the ring of 6 to 9 sigma, 9 to 13.5 px, in the slices within one sigma.
TEST(FarBackground, TakesARingWhereNoEndIsClear) {
  int voxels = 0;
  const Stack stack = Painted(41, 12, [&](int x, int y, int z) {
    const double distance = std::hypot(x - 20.2, y - 19.9);
    if (distance < 9.0 || z < 4 || z > 8) return 500.0;
    if (distance > 13.5) return 300.0;
    ++voxels;
    return 120.0;
  });
  const Estimate level = FarBackground(Of(stack), {20.2, 19.9, 6.0}, kRound);
  EXPECT_NEAR(level.value, 120.0, 1e-4);
  EXPECT_NEAR(level.u / (kPrice * 2.0 / std::sqrt(voxels)), 1.0, 1e-3);
}

// A field too small for any of them has the stack's own level.
TEST(FarBackground, FallsBackToTheStacksLevel) {
  const Stack stack = Painted(9, 6, [](int, int, int) { return 100.0; });
  const Estimate level = FarBackground(Of(stack), {4.0, 4.0, 3.0}, kRound);
  EXPECT_EQ(level.value, 7.0);
  EXPECT_EQ(level.u, 3.0);
}

}  // namespace
}  // namespace qc_metrics
