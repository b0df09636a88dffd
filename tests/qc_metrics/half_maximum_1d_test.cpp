// The half-maximum width of profiles whose top, base and sides are made by hand.

#include "qc_metrics/half_maximum_1d.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace qc_metrics {
namespace {

// 40 samples: base 0 with the pattern 0 d 0 -d, a left side that crosses one half at 12.3 with
// .1 a sample, a right one at 27.4 with -.2 a sample, and seven samples above .85 about 20.
std::vector<double> Profile(double d) {
  const double pattern[] = {0.0, d, 0.0, -d};
  std::vector<double> values;
  for (int x = 0; x < 40; ++x) values.push_back(pattern[x % 4]);
  for (std::size_t x = 8; x < 17; ++x) values[x] = 0.5 + 0.1 * (static_cast<double>(x) - 12.3);
  for (std::size_t x = 24; x < 32; ++x) values[x] = 0.5 - 0.2 * (static_cast<double>(x) - 27.4);
  values[16] = 0.82;
  values[24] = values[25] = 0.8;
  values[30] = values[31] = 0.0;
  const double top[] = {0.86, 0.94, 0.985, 1.0, 0.985, 0.94, 0.88};
  for (std::size_t k = 0; k < 7; ++k) values[17 + k] = top[k];
  return values;
}

// The least-squares parabola through seven equidistant values (Savitzky and Golay 1964).
double TopOfSeven(const double* y) {
  const double c =
      (-2 * y[0] + 3 * y[1] + 6 * y[2] + 7 * y[3] + 6 * y[4] + 3 * y[5] - 2 * y[6]) / 21;
  const double b = (-3 * y[0] - 2 * y[1] - y[2] + y[4] + 2 * y[5] + 3 * y[6]) / 28;
  const double a = (5 * y[0] - 3 * y[2] - 4 * y[3] - 3 * y[4] + 5 * y[6]) / 84;
  return c - b * b / (4 * a);
}

TEST(HalfMaximum1d, IsTheDistanceOfTheSidesAtHalfTheTop) {
  const double d = 0.003;
  const auto profile = Profile(d);
  const double top = TopOfSeven(&profile[17]);
  const double left = 12.3 + (0.5 * top - 0.5) / 0.1;
  const double right = 27.4 - (0.5 * top - 0.5) / 0.2;
  // Noise: second differences of the base's outer fifth are twice the pattern; half of it is 0.
  const double noise = std::sqrt(4.0 * d * d / 6.0 / 2.0) / top;
  const double at_left = noise / std::sqrt(2.0) / (0.1 / top);   // two samples from .4 to .6
  const double at_right = noise / std::sqrt(3.0) / (0.2 / top);  // one, and one on either side
  const double half = 0.5 * noise / std::sqrt(3.0) * (10.0 + 5.0) * top;
  for (const double scale : {1.0, 800.0}) {
    auto values = profile;
    for (double& value : values) value = 100.0 * (scale - 1.0) + scale * value;
    const auto width = HalfMaximum1d(values);
    ASSERT_TRUE(width.has_value());
    EXPECT_NEAR(width->width, right - left, 1e-9);
    EXPECT_NEAR(width->u, std::sqrt(at_left * at_left + at_right * at_right + half * half), 1e-9);
  }
}

// Turned around, the sides change their places and the width stays.
TEST(HalfMaximum1d, DoesNotDependOnTheDirection) {
  const auto forward = Profile(0.003);
  const std::vector<double> backward(forward.rbegin(), forward.rend());
  EXPECT_NEAR(HalfMaximum1d(backward)->width, HalfMaximum1d(forward)->width, 1e-12);
}

// Two samples above .85: the parabola takes five all the same, and each side the two samples on
// either side of the half.
TEST(HalfMaximum1d, OfANarrowPeak) {
  std::vector<double> values(30, 0.0);
  const double y[] = {0.3, 0.8, 1.0, 0.75, 0.2};
  for (std::size_t k = 0; k < 5; ++k) values[12 + k] = y[k];
  const double c = (-3 * y[0] + 12 * y[1] + 17 * y[2] + 12 * y[3] - 3 * y[4]) / 35;
  const double b = (-2 * y[0] - y[1] + y[3] + 2 * y[4]) / 10;
  const double a = (2 * y[0] - y[1] - 2 * y[2] - y[3] + 2 * y[4]) / 14;
  const double top = c - b * b / (4 * a);
  const double left = 13.0 - (0.8 - 0.5 * top) / 0.5;
  const double right = 15.0 + (0.75 - 0.5 * top) / 0.55;
  const auto width = HalfMaximum1d(values);
  ASSERT_TRUE(width.has_value());
  EXPECT_NEAR(width->width, right - left, 1e-12);
  EXPECT_EQ(width->u, 0.0);
}

// Of 40 samples 8 on either side tell the noise: one that is off counts three times there.
TEST(HalfMaximum1d, NoiseIsOfTheOuterFifthOnEitherSide) {
  auto values = Profile(0.0);
  values[6] = 0.01;
  const double top = TopOfSeven(&values[17]);
  // Second differences of 1, -2 (and 1, the ninth's) at 12 places.
  const double noise = 0.01 * std::sqrt(5.0 / 6.0 / 12.0) / top;
  const double half = 0.5 * noise / std::sqrt(3.0) * 15.0 * top;
  const double sides =
      std::hypot(noise / std::sqrt(2.0) * 10.0 * top, noise / std::sqrt(3.0) * 5.0 * top);
  EXPECT_NEAR(HalfMaximum1d(values)->u, std::hypot(half, sides), 1e-9);
}

TEST(HalfMaximum1d, NeedsSevenSamplesAndAPeak) {
  EXPECT_FALSE(HalfMaximum1d(std::vector<double>(20, 3.0)).has_value());
  const std::vector<double> seven = {0.0, 0.0, 0.5, 1.0, 0.5, 0.0, 0.0};
  EXPECT_TRUE(HalfMaximum1d(seven).has_value());
  EXPECT_FALSE(HalfMaximum1d(std::vector<double>(seven.begin(), seven.end() - 1)).has_value());
}

}  // namespace
}  // namespace qc_metrics
