// The median of smeared values: in closed form for normal ones, and on draws.

#include "qc_metrics/smeared_median.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>
#include <vector>

namespace qc_metrics {
namespace {

constexpr int kBins = 200;

std::vector<double> NormalKernel(double sd) {
  const int reach = static_cast<int>(std::ceil(6.0 * sd));
  std::vector<double> kernel;
  for (int i = -reach; i <= reach; ++i) kernel.push_back(std::exp(-0.5 * i * i / (sd * sd)));
  double sum = 0.0;
  for (const double value : kernel) sum += value;
  for (double& value : kernel) value /= sum;
  return kernel;
}

/// Counts of `total` normal values of SD `sd` about `place`, smeared by a kernel of SD 8 bins.
SmearedCounts Normal(double place, double sd, double total) {
  SmearedCounts seen;
  seen.kernel = NormalKernel(8.0);
  seen.total = total;
  const double width = std::hypot(sd, 8.0);
  const auto below = [&](double edge) {
    return 0.5 * total * std::erfc((place - edge) / width / std::numbers::sqrt2);
  };
  seen.below = below(0.0);
  for (int i = 0; i < kBins; ++i) seen.counts.push_back(below(i + 1.0) - below(i));
  return seen;
}

// The mean is what a normal law says of its median. Its error about the median of the values
// themselves has the kernel's variance k^2 and, as that median scatters about the law's by pi/2 s^2
// and the two have s^2 in common, s^2 (pi/2 - 1). Higher degrees, which count e times less each,
// add to it.
TEST(MedianBehind, NormalValuesInClosedForm) {
  for (const double sd : {0.0, 4.0, 12.0, 30.0}) {
    for (const double place : {92.0, 100.3, 111.7}) {
      const SmearedMedian found = MedianBehind(Normal(place, sd, 20000.0));
      EXPECT_NEAR(found.place, place, 0.3 * found.u) << sd;
      const double u = std::sqrt((64.0 + sd * sd * (std::numbers::pi / 2.0 - 1.0)) / 20000.0);
      EXPECT_GT(found.u, 0.9 * u) << sd;
      EXPECT_LT(found.u, 1.6 * u) << sd;
    }
  }
}

// Values with an exponential tail, log-normal ones, and two kinds: the error about the median of
// the same values is what u says. (Counted in bins as they are, not smeared: 12.8 SD in 160 bins.)
template <typename Draw>
double PullOver(Draw draw, int values) {
  constexpr int kDraws = 120;
  double squares = 0.0;
  for (unsigned seed = 1; seed <= kDraws; ++seed) {
    std::mt19937_64 random(seed);
    std::normal_distribution<double> noise(0.0, 8.0);
    SmearedCounts seen;
    seen.kernel = NormalKernel(8.0);
    seen.total = static_cast<double>(values);
    seen.counts.resize(kBins);
    std::vector<double> truth;
    for (int i = 0; i < values; ++i) {
      truth.push_back(draw(random));
      const double at = truth.back() + noise(random);
      if (at < 0.0) seen.below += 1.0;
      if (at >= 0.0 && at < kBins) seen.counts[static_cast<std::size_t>(at)] += 1.0;
    }
    std::nth_element(truth.begin(), truth.begin() + values / 2, truth.end());
    const SmearedMedian found = MedianBehind(seen);
    squares += std::pow((found.place - truth[static_cast<std::size_t>(values / 2)]) / found.u, 2);
  }
  return std::sqrt(squares / kDraws);
}

TEST(MedianBehind, ErrsByItsUncertainty) {
  std::normal_distribution<double> normal;
  std::exponential_distribution<double> tail;
  const auto alike = [&](auto& r) { return 50.3 + 0.0 * normal(r); };
  const auto some = [&](auto& r) { return 60.0 + 6.0 * normal(r); };
  const auto wide = [&](auto& r) { return 70.0 + 20.0 * normal(r); };
  const auto skew = [&](auto& r) { return 45.0 + 8.0 * normal(r) + 14.0 * tail(r); };
  // 120 draws: known to 6 %.
  EXPECT_NEAR(PullOver(alike, 5000), 1.0, 0.2);
  EXPECT_NEAR(PullOver(some, 5000), 1.0, 0.2);
  EXPECT_NEAR(PullOver(wide, 5000), 1.0, 0.2);
  EXPECT_NEAR(PullOver(skew, 5000), 1.0, 0.2);
}

}  // namespace
}  // namespace qc_metrics
