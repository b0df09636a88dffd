#include "qc_metrics/spline_axis.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace qc_metrics {
namespace {

// The cardinal cubic B-spline on knots -2 .. 2, by its definition from truncated powers.
double Cardinal(double x) {
  double sum = 0.0;
  const double binomial[] = {1.0, -4.0, 6.0, -4.0, 1.0};
  for (int k = 0; k < 5; ++k) sum += binomial[k] * std::pow(std::max(0.0, x + 2.0 - k), 3) / 6.0;
  return sum;
}

// 60 pixels in 5 segments of 12: function k is centred on knot k - 1, at 12 (k - 1) - 1/2.
TEST(SplineAxis, IsTheCubicBSplineWithItsDerivatives) {
  const SplineAxis axis{.pixels = 60, .segments = 5};
  EXPECT_EQ(axis.size(), 8);
  EXPECT_EQ(axis.SegmentPx(), 12.0);
  for (double pixel = -0.5; pixel <= 59.5; pixel += 0.37) {
    const auto local = axis.At(pixel);
    const auto ahead = axis.At(pixel + 1e-5);
    EXPECT_EQ(local.first, std::min(4, static_cast<int>((pixel + 0.5) / 12.0)));
    for (std::size_t k = 0; k < 4; ++k) {
      const double centre = local.first + static_cast<double>(k) - 1.0;
      EXPECT_NEAR(local.value[k], Cardinal((pixel + 0.5) / 12.0 - centre), 1e-12);
      if (ahead.first != local.first) continue;
      EXPECT_NEAR(local.d1[k], (ahead.value[k] - local.value[k]) / 1e-5, 1e-7);
      EXPECT_NEAR(local.d2[k], (ahead.d1[k] - local.d1[k]) / 1e-5, 1e-7);
    }
  }
}

// Beyond both ends the polynomial of the last segment goes on.
TEST(SplineAxis, GoesOnBeyondItsEnds) {
  const SplineAxis axis{.pixels = 60, .segments = 5};
  for (const double at : {-6.5, 65.5}) {
    const auto out = axis.At(at);
    EXPECT_EQ(out.first, at < 0.0 ? 0 : 4);
    double sum = 0.0;
    for (const double value : out.value) sum += value;
    EXPECT_NEAR(sum, 1.0, 1e-12);
    // -1 0 1 2 3 as coefficients is the straight line itself: the functions reproduce it.
    double line = 0.0;
    for (std::size_t k = 0; k < 4; ++k) {
      line += (out.first + static_cast<double>(k) - 1.0) * out.value[k];
    }
    EXPECT_NEAR(line, (at + 0.5) / 12.0, 1e-12);
  }
}

}  // namespace
}  // namespace qc_metrics
