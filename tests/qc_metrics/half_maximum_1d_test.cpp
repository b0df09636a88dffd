// The half-maximum width of profiles whose top, base and sides are made by hand.

#include "qc_metrics/half_maximum_1d.h"

#include <gtest/gtest.h>

#include <algorithm>
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

// How far that parabola's top moves with one sample: its variance at its vertex.
double LeverageOfSeven(const double* y) {
  const double b = (-3 * y[0] - 2 * y[1] - y[2] + y[4] + 2 * y[5] + 3 * y[6]) / 28;
  const double a = (5 * y[0] - 3 * y[2] - 4 * y[3] - 3 * y[4] + 5 * y[6]) / 84;
  const double square = std::pow(b / (2 * a), 2);
  return (196.0 - 2.0 * 28.0 * square + 7.0 * square * square) / (7.0 * 196.0 - 28.0 * 28.0) +
         square / 28.0;
}

// What the variance of a sample grows by up to the top: fourth differences of white noise are 70
// times its variance; those of the samples from a fifth of the top on, less that of the base.
double Growth(const std::vector<double>& values, double top, double base_variance) {
  double squares = 0.0;
  double shares = 0.0;
  for (std::size_t i = 2; i + 2 < values.size(); ++i) {
    if (values[i] / top < 0.2) continue;
    const double bend =
        values[i - 2] - 4.0 * values[i - 1] + 6.0 * values[i] - 4.0 * values[i + 1] + values[i + 2];
    squares += bend * bend / 70.0 - base_variance;
    shares += values[i] / top;
  }
  return std::max(0.0, squares / shares);
}

// Two samples of slope .1 on the left, three of .2 on the right; base of eight samples.
double ExpectedU(const std::vector<double>& values, double base_variance) {
  const double growth = Growth(values, TopOfSeven(&values[17]), base_variance);
  const double at_half = base_variance + 0.5 * growth;
  const double half =
      (base_variance + growth) * LeverageOfSeven(&values[17]) + base_variance * 1.5707963268 / 8.0;
  return std::sqrt(at_half / 2.0 / 0.01 + at_half / 3.0 / 0.04 +
                   std::pow(0.5 * (10.0 + 5.0), 2) * half);
}

TEST(HalfMaximum1d, IsTheDistanceOfTheSidesAtHalfTheTop) {
  const double d = 0.003;
  const auto profile = Profile(d);
  const double top = TopOfSeven(&profile[17]);
  const double left = 12.3 + (0.5 * top - 0.5) / 0.1;
  const double right = 27.4 - (0.5 * top - 0.5) / 0.2;
  // Noise: second differences of the base's outer fifth are twice the pattern; half of it is 0.
  const double u = ExpectedU(profile, 4.0 * d * d / 6.0 / 2.0);
  for (const double scale : {1.0, 800.0}) {
    auto values = profile;
    for (double& value : values) value = 100.0 * (scale - 1.0) + scale * value;
    const auto width = HalfMaximum1d(values);
    ASSERT_TRUE(width.has_value());
    EXPECT_NEAR(width->width, right - left, 1e-9);
    EXPECT_NEAR(width->u, u, 1e-9);
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
  // No noise in the base; the peak is too narrow to tell its shape from noise, so u is too large.
  const double growth = Growth(values, top, 0.0);
  const double square = std::pow(b / (2 * a), 2);
  const double leverage = (34.0 - 20.0 * square + 5.0 * square * square) / 70.0 + square / 10.0;
  EXPECT_NEAR(width->u,
              std::sqrt(growth * (0.25 / 0.25 + 0.25 / 0.3025 +
                                  std::pow(0.5 * (1.0 / 0.5 + 1.0 / 0.55), 2) * leverage)),
              1e-9);
}

// Of 40 samples 8 on either side tell the noise: one that is off counts three times there.
TEST(HalfMaximum1d, NoiseIsOfTheOuterFifthOnEitherSide) {
  auto values = Profile(0.0);
  values[6] = 0.01;
  // Second differences of 1, -2 (and 1, the ninth's) at 12 places.
  EXPECT_NEAR(HalfMaximum1d(values)->u, ExpectedU(values, 1e-4 * 5.0 / 6.0 / 12.0), 1e-9);
}

TEST(HalfMaximum1d, NeedsSevenSamplesAndAPeak) {
  EXPECT_FALSE(HalfMaximum1d(std::vector<double>(20, 3.0)).has_value());
  const std::vector<double> seven = {0.0, 0.0, 0.5, 1.0, 0.5, 0.0, 0.0};
  EXPECT_TRUE(HalfMaximum1d(seven).has_value());
  EXPECT_FALSE(HalfMaximum1d(std::vector<double>(seven.begin(), seven.end() - 1)).has_value());
}

}  // namespace
}  // namespace qc_metrics
