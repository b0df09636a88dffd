// Where a step lies between samples, on traces made by hand.

#include "qc_metrics/power_step_places.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace qc_metrics {
namespace {

/// A step of 1 mW at sample 50 of 100, two seconds apart, with +-.45 mW in turn, low after the
/// step.
TraceModel Placed(double coarse_s, std::size_t samples_a_bin) {
  std::vector<double> times_s(100), power_mw(100);
  std::vector<std::size_t> kept(100);
  std::iota(kept.begin(), kept.end(), 0U);
  for (std::size_t i = 0; i < 100; ++i) {
    times_s[i] = 2.0 * static_cast<double>(i);
    power_mw[i] = 10.0 + (i < 50 ? 0.0 : 1.0) + (i % 2 == 0 ? -0.45 : 0.45);
  }
  TraceModel model;
  model.level_mw = 10.0;
  model.steps = {{.time_s = coarse_s, .height_mw = 1.0}};
  PlaceSteps(times_s, power_mw, kept, samples_a_bin, model);
  return model;
}

// One sample farther costs 1 - .9, two cost 2, each over a variance of .45^2, on either side: the
// step's place has the variance of the weights and that of an interval. Three bins to either side
// are looked at.
TEST(PlaceSteps, BetweenTheSamplesWhereItFitsBestWithTheUncertaintyOfItsRivals) {
  for (const auto& [coarse_s, bin] : {std::pair{95.0, 4}, {99.0, 4}, {108.0, 4}, {100.0, 1}}) {
    const TraceModel model = Placed(coarse_s, static_cast<std::size_t>(bin));
    ASSERT_EQ(model.steps.size(), 1U);
    EXPECT_EQ(model.steps[0].time_s, 99.0);
    double sum = 1.0, second = 0.0;
    for (int d = 1; d <= std::min(6, 3 * bin); ++d) {  // farther ones weigh less than 1e-8
      const double weight = std::exp(-0.5 * (d - (d % 2 == 1 ? 0.9 : 0.0)) / (0.45 * 0.45));
      sum += 2.0 * weight;
      second += 2.0 * weight * d * d;
    }
    EXPECT_NEAR(model.steps[0].time_u_s, 2.0 * std::sqrt(1.0 / 12.0 + second / sum), 1e-3);
    EXPECT_EQ(model.steps[0].height_mw, 1.0);
  }
}

}  // namespace
}  // namespace qc_metrics
