// A trace's parts on traces made by hand: what is told must not depend on where the clock begins,
// and each part beside the others keeps its own value.

#include "qc_metrics/power_parts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "qc_metrics/power_trace.h"

namespace qc_metrics {
namespace {

struct Trace {
  std::vector<double> times_s, power_mw;
};

// `power` at each second from `begin`, with a ripple of SD `noise` that repeats nothing.
Trace Of(std::size_t n, double begin, double noise, const std::function<double(double)>& power) {
  Trace trace;
  for (std::size_t i = 0; i < n; ++i) {
    const auto t = static_cast<double>(i);
    trace.times_s.push_back(begin + t);
    trace.power_mw.push_back(power(t) + noise * std::sqrt(2.0) *
                                            std::sin(12.9898 * static_cast<double>(i * i)));
  }
  return trace;
}

TraceModel Apart(const Trace& trace, double band = 0.01) {
  return TakeApart(trace.times_s, trace.power_mw, TraceParts::kAll, band);
}

// 300 s: warm-up of .4 mW with 25 s, a drift, a step up at 149.5 s and one down at 220.5 s.
double Everything(double t) {
  return 5.0 + 2e-4 * (t - 149.5) + 0.4 * std::exp(-t / 25.0) + (t > 149.5 ? 0.06 : 0.0) -
         (t > 220.5 ? 0.03 : 0.0);
}

TEST(TakeApart, FindsEveryPartBesideTheOthersWhateverTheClockSays) {
  for (const double begin : {0.0, 5000.0}) {
    const TraceModel model = Apart(Of(300, begin, 1e-3, Everything));
    ASSERT_EQ(model.steps.size(), 2U);
    EXPECT_NEAR(model.steps[0].time_s, begin + 149.5, 1e-9);
    EXPECT_NEAR(model.steps[1].time_s, begin + 220.5, 1e-9);
    EXPECT_NEAR(model.steps[0].height_mw, 0.06, 4.0 * model.steps[0].height_u_mw);
    EXPECT_NEAR(model.steps[1].height_mw, -0.03, 4.0 * model.steps[1].height_u_mw);
    // A step of hundreds of SDs can only be between its two samples.
    EXPECT_NEAR(model.steps[0].time_u_s, 1.0 / std::sqrt(12.0), 1e-9);
    EXPECT_LT(model.steps[0].height_u_mw, 1e-3);
    EXPECT_NEAR(model.slope_mw_per_s, 2e-4, 4.0 * model.slope_u_mw_per_s);
    EXPECT_LT(model.slope_u_mw_per_s, 1e-5);
    ASSERT_TRUE(model.settling.has_value());
    EXPECT_NEAR(model.settling->part_mw, 0.4, 3e-3);
    EXPECT_NEAR(model.settling->tau_s, 25.0, 0.5);
    // Settled: 5 mW less half of the drift; 1 % of it is reached after tau ln(.4 / .0497).
    const double truth = 25.0 * std::log(0.4 / (0.01 * (5.0 - 2e-4 * 149.5)));
    EXPECT_NEAR(model.settling->time_s, truth, 4.0 * model.settling->time_u_s);
    EXPECT_LT(model.settling->time_u_s, 0.8);
    EXPECT_NEAR(model.noise.sd, 1e-3, 1e-4);
    for (const double t : {3.0, 140.0, 160.0, 299.0}) {
      EXPECT_NEAR(model.PowerAt(begin + t), Everything(t), 1e-3) << t;
    }
    EXPECT_FALSE(model.wanders);
  }
}

// A part within the band has settled when the record begins.
TEST(TakeApart, ASmallWarmUpHasSettledFromTheStart) {
  const TraceModel model =
      Apart(Of(300, 0.0, 1e-4, [](double t) { return 5.0 + 0.04 * std::exp(-t / 25.0); }));
  ASSERT_TRUE(model.settling.has_value());
  EXPECT_EQ(model.settling->time_s, 0.0);
  EXPECT_EQ(model.settling->time_u_s, 0.0);
}

TEST(TakeApart, AStepHasAtLeastFourSamplesAfterIt) {
  for (const int stay : {3, 4}) {
    const TraceModel model =
        Apart(Of(200, 0.0, 1e-3, [&](double t) { return t >= 200 - stay ? 5.1 : 5.0; }));
    ASSERT_EQ(model.steps.size(), stay == 4 ? 1U : 0U);
    if (stay == 3) continue;
    EXPECT_NEAR(model.steps[0].time_s, 195.5, 1e-9);
  }
}

TEST(TakeApart, SixtySamplesAreSearchedAndFewerAreNot) {
  for (const std::size_t n : {59UL, 60UL}) {
    const TraceModel model = Apart(Of(n, 0.0, 1e-3, [](double t) { return t > 29.5 ? 5.1 : 5.0; }));
    EXPECT_EQ(model.steps.size(), n == 60 ? 1U : 0U);
  }
}

// An outlier shifts the mean of all samples by its own part, and no other value.
TEST(TakeApart, AnOutlierIsInTheMeansUncertainty) {
  const Trace clean = Of(400, 0.0, 1e-3, [](double) { return 5.0; });
  Trace with = clean;
  with.power_mw[200] += 2.0;
  const TraceModel without = Apart(clean);
  const TraceModel model = Apart(with);
  ASSERT_EQ(model.outliers, (std::vector<std::size_t>{200}));
  EXPECT_NEAR(model.noise.sd, without.noise.sd, 1e-5);
  const double off = with.power_mw[200] - model.PowerAt(200.0);
  EXPECT_NEAR(model.mean_u_mw, std::hypot(without.mean_u_mw, off / 400.0), 1e-6);
}

// Alternating values have no positive correlation: level, slope and their uncertainty of n even
// samples in closed form.
TEST(TakeApart, ALineInClosedForm) {
  Trace trace = Of(30, 700.0, 0.0, [](double t) { return 2.0 + 0.01 * (t - 14.5); });
  for (std::size_t i = 0; i < 30; ++i) trace.power_mw[i] += i % 4 < 2 ? 0.02 : -0.02;
  trace.power_mw[28] -= 0.02;  // of the last pair's four, so that signs are in balance
  trace.power_mw[29] -= 0.02;
  const TraceModel model = TakeApart(trace.times_s, trace.power_mw, TraceParts::kLine, 0.01);
  EXPECT_NEAR(model.middle_s, 714.5, 1e-9);
  EXPECT_EQ(model.first_s, 700.0);
  EXPECT_NEAR(model.level_mw, 2.0, 0.01);
  EXPECT_NEAR(model.slope_mw_per_s, 0.01, 4.0 * model.slope_u_mw_per_s);
  double square = 0.0;
  for (std::size_t i = 0; i < 30; ++i) {
    square += std::pow(trace.power_mw[i] - model.PowerAt(trace.times_s[i]), 2);
  }
  EXPECT_NEAR(model.noise.sd, std::sqrt(square / 28.0), 0.1 * model.noise.sd);
}

// Samples that are left out leave gaps, over which correlated noise forgets more.
TEST(TakeApart, OutliersLeaveGapsInTheNoise) {
  Trace trace = Of(300, 0.0, 0.0, [](double) { return 5.0; });
  double noise = 0.0;
  for (std::size_t i = 0; i < 300; ++i) {
    noise = 0.6 * noise + 8e-3 * std::sin(12.9898 * static_cast<double>(i * i));
    trace.power_mw[i] += noise;
  }
  const std::vector<std::size_t> outliers = {1, 50, 51, 170, 240};
  for (const std::size_t i : outliers) trace.power_mw[i] += i == 1 ? 0.08 : 1.0;
  const TraceModel model = Apart(trace);
  ASSERT_EQ(model.outliers, outliers);
  ASSERT_TRUE(model.steps.empty() && !model.settling);
  DesignColumns columns(2);
  std::vector<double> values;
  std::vector<int> gaps;
  int last = -1;
  for (int i = 0; i < 300; ++i) {
    if (std::count(outliers.begin(), outliers.end(), static_cast<std::size_t>(i)) > 0) continue;
    columns[0].push_back(1.0);
    columns[1].push_back((i - 149.5) / 299.0);
    values.push_back(trace.power_mw[static_cast<std::size_t>(i)]);
    gaps.push_back(i - last);
    last = i;
  }
  const SeriesFit fit = FitSeries(columns, values, gaps);
  EXPECT_GT(fit.noise.lag1, 0.3);
  EXPECT_NEAR(model.noise.lag1, fit.noise.lag1, 1e-9);
  EXPECT_NEAR(model.noise.sd, fit.noise.sd, 1e-9);
  EXPECT_NEAR(model.slope_u_mw_per_s, std::sqrt(fit.covariance[1][1]) / 299.0, 1e-12);
}

TEST(TakeApart, ALineAloneHasNoOtherPart) {
  Trace trace = Of(100, 0.0, 1e-3, [](double t) { return t > 49.5 ? 5.2 : 5.0; });
  trace.power_mw[20] += 3.0;
  const TraceModel model = TakeApart(trace.times_s, trace.power_mw, TraceParts::kLine, 0.01);
  EXPECT_TRUE(model.steps.empty());
  EXPECT_TRUE(model.outliers.empty());
  EXPECT_FALSE(model.settling.has_value());
}

// 5000 samples are taken in bins of two: one sample's noise, and a step to the sample.
TEST(TakeApart, ALongTraceIsBinnedAndKeepsItsSamples) {
  const Trace trace = Of(5000, 100.0, 1e-2, [](double t) { return t > 2999.5 ? 5.2 : 5.0; });
  const TraceModel model = Apart(trace);
  ASSERT_EQ(model.steps.size(), 1U);
  EXPECT_NEAR(model.steps[0].time_s, 3099.5, 1e-9);
  EXPECT_NEAR(model.steps[0].time_u_s, 1.0 / std::sqrt(12.0), 1e-3);
  EXPECT_NEAR(model.steps[0].height_mw, 0.2, 4.0 * model.steps[0].height_u_mw);
  EXPECT_NEAR(model.noise.sd, 1e-2, 4e-4);
  EXPECT_NEAR(model.mean_u_mw, 1e-2 / std::sqrt(5000.0), 3e-5);
  EXPECT_NEAR(model.noise_u_mw, model.noise.sd / std::sqrt(2.0 * 4997.0), 0.02 * model.noise_u_mw);
}

// Up and down every 20 s: the search ends after 16 steps.
TEST(TakeApart, SixteenStepsAreTold) {
  for (const int steps : {15, 16, 20}) {
    const auto n = static_cast<std::size_t>(20 * (steps + 1));
    const TraceModel model = Apart(
        Of(n, 0.0, 1e-3, [](double t) { return static_cast<int>(t) / 20 % 2 == 0 ? 5.0 : 5.2; }));
    EXPECT_EQ(model.steps.size(), static_cast<std::size_t>(std::min(16, steps))) << steps;
  }
}

}  // namespace
}  // namespace qc_metrics
