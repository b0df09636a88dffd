// The half-maximum width of profiles whose width is known in closed form.

#include "qc_metrics/half_maximum_1d.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <random>
#include <vector>

namespace qc_metrics {
namespace {

constexpr double kFwhmPerSigma = 2.3548200450309493;

std::vector<double> Gaussian(int samples, double centre, double fwhm, double height, double base) {
  std::vector<double> values;
  for (int i = 0; i < samples; ++i) {
    const double u = (i - centre) * kFwhmPerSigma / fwhm;
    values.push_back(base + height * std::exp(-0.5 * u * u));
  }
  return values;
}

TEST(HalfMaximum1d, OfAGaussianAtAnySampling) {
  for (const double fwhm : {2.5, 4.0, 7.5, 20.0, 40.0}) {
    for (const double phase : {0.0, 0.3, 0.5}) {
      const auto width = HalfMaximum1d(Gaussian(200, 100.0 + phase, fwhm, 900.0, 100.0));
      ASSERT_TRUE(width.has_value());
      EXPECT_NEAR(width->width, fwhm, 1e-6 * fwhm);
    }
  }
}

// ln 2 = a t^2 + c t^4 on either side: the curve has a fourth degree of its own. A skew one is its
// mirror image turned around.
TEST(HalfMaximum1d, OfACurveOfFourthDegree) {
  std::vector<double> flat, skew;
  for (int i = 0; i < 60; ++i) {
    const double t = (i - 30.2) / 10.0;
    flat.push_back(40.0 + 500.0 * std::exp(-0.5 * t * t - 0.4 * std::pow(t, 4)));
    skew.push_back(40.0 + 500.0 * std::exp(-t * t + 0.3 * t * t * t - 0.2 * std::pow(t, 4)));
  }
  const double half = std::sqrt((-0.5 + std::sqrt(0.25 + 4.0 * 0.4 * std::numbers::ln2)) / 0.8);
  EXPECT_NEAR(HalfMaximum1d(flat)->width, 20.0 * half, 1e-5);
  const std::vector<double> turned(skew.rbegin(), skew.rend());
  EXPECT_NEAR(HalfMaximum1d(skew)->width, HalfMaximum1d(turned)->width, 1e-9);
}

// Shapes that no curve of fourth degree follows: the squared sinc of a mirror in a wide field, a
// squared Lorentzian, halves of unlike width, and, as the worst, a triangle.
TEST(HalfMaximum1d, OfOtherShapes) {
  const auto width_of = [](double fwhm, const auto& shape) {
    std::vector<double> values;
    for (int i = 0; i < 80; ++i) values.push_back(10.0 + 400.0 * shape((i - 40.3) / fwhm));
    return HalfMaximum1d(values)->width / fwhm;
  };
  for (const double fwhm : {4.0, 7.5, 16.0}) {
    EXPECT_NEAR(width_of(fwhm,
                         [](double d) {
                           const double t = 2.0 * 1.3915573782515102 * d;
                           return std::pow(std::sin(t) / t, 2);
                         }),
                1.0, 0.012);
    EXPECT_NEAR(width_of(fwhm,
                         [](double d) {
                           return std::pow(1.0 + 4.0 * d * d * (std::numbers::sqrt2 - 1.0), -2);
                         }),
                1.0, 0.012);
    EXPECT_NEAR(
        width_of(fwhm,
                 [](double d) {
                   return std::exp(-std::numbers::ln2 * std::pow(d / (d < 0.0 ? 0.4 : 0.6), 2));
                 }),
        1.0, 0.012);
    EXPECT_NEAR(width_of(fwhm, [](double d) { return std::max(0.0, 1.0 - std::abs(d)); }), 1.0,
                0.12);
  }
}

// Photons and readout of a row of pixels; what the width scatters by is what u says.
double PullOver(double samples_fwhm, double pixels, double read_e, unsigned seeds_from) {
  constexpr int kDraws = 600;
  double squares = 0.0;
  for (unsigned seed = seeds_from; seed < seeds_from + kDraws; ++seed) {
    std::mt19937_64 random(seed);
    const double centre = 40.0 + std::uniform_real_distribution<double>(-0.5, 0.5)(random);
    auto values = Gaussian(80, centre, samples_fwhm, 400.0, 10.0);
    std::normal_distribution<double> readout(0.0, read_e / std::sqrt(pixels));
    for (double& value : values) {
      const auto electrons = std::poisson_distribution<std::int64_t>(value * pixels)(random);
      value = static_cast<double>(electrons) / pixels + readout(random);
    }
    const auto found = HalfMaximum1d(values);
    if (!found) return NAN;
    squares += std::pow((found->width - samples_fwhm) / found->u, 2);
  }
  return std::sqrt(squares / kDraws);
}

TEST(HalfMaximum1d, ScattersByItsUncertainty) {
  EXPECT_NEAR(PullOver(15.6, 64.0, 1.6, 1), 1.0, 0.1);  // 600 draws: known to 3 %
  EXPECT_NEAR(PullOver(7.5, 3072.0, 1.6, 1001), 1.0, 0.1);
  EXPECT_NEAR(PullOver(4.0, 64.0, 1.6, 2001), 1.0, 0.15);  // two degrees of freedom
  EXPECT_NEAR(PullOver(15.6, 64.0, 20.0, 3001), 1.0, 0.1);
  EXPECT_NEAR(PullOver(15.6, 1.0, 1.6, 4001), 1.0, 0.1);
}

// The variance is each sample's noise times the square of how the width moves with it, here by
// changing one after the other. Second differences of the base 0 d 0 -d are 2 d every other time;
// the residuals, which are 0, show no noise of the light.
TEST(HalfMaximum1d, UncertaintyIsThatOfItsSamples) {
  const double d = 0.02;
  auto values = Gaussian(80, 39.8, 10.0, 400.0, 10.0);
  const double pattern[] = {0.0, d, 0.0, -d};
  for (std::size_t i = 0; i < 16; ++i) {
    values[i] += pattern[i % 4];
    values[64 + i] += pattern[i % 4];
  }
  const auto found = HalfMaximum1d(values);
  ASSERT_TRUE(found.has_value());
  const auto moved = [&](std::size_t first, std::size_t count, std::size_t other_side) {
    auto changed = values;
    for (std::size_t i = 0; i < count; ++i) {
      changed[first + i] += 0.01;
      if (other_side > 0) changed[other_side + i] += 0.01;
    }
    return std::pow((HalfMaximum1d(changed)->width - found->width) / 0.01, 2);
  };
  double of_curve = 0.0;
  for (std::size_t i = 20; i < 60; ++i) of_curve += moved(i, 1, 0);
  const double of_base = moved(0, 16, 64) * std::numbers::pi / 2.0 / 16.0;
  const double noise = 4.0 * d * d / 6.0 / 2.0;
  const double few = 10.0 / 8.0;  // 15 samples above a fifth, less five of the curve
  EXPECT_NEAR(found->u, std::sqrt(noise * (few * of_curve + of_base)), 0.01 * found->u);
}

TEST(HalfMaximum1d, NeedsSevenSamplesAndAPeakWithTwoSides) {
  EXPECT_FALSE(HalfMaximum1d(std::vector<double>(20, 3.0)).has_value());
  const std::vector<double> seven = {0.0, 0.1, 0.5, 1.0, 0.5, 0.1, 0.0};
  EXPECT_TRUE(HalfMaximum1d(seven).has_value());
  EXPECT_FALSE(HalfMaximum1d(std::vector<double>(seven.begin(), seven.end() - 1)).has_value());
  std::vector<double> edge(20);
  for (std::size_t i = 0; i < 20; ++i) edge[i] = static_cast<double>(i * i);
  EXPECT_FALSE(HalfMaximum1d(edge).has_value());
}

}  // namespace
}  // namespace qc_metrics
