#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "monitor/simulation/power_trace.h"
#include "qc_metrics/power.h"
#include "qc_metrics/power_outliers.h"
#include "qc_metrics/power_regression.h"

namespace qc_metrics {
namespace {

using monitor::simulation::PowerScene;
using monitor::simulation::RenderPowerTrace;

std::vector<PowerSample> Samples(const PowerScene& scene) {
  std::vector<PowerSample> samples;
  for (const auto& r : RenderPowerTrace(scene)) {
    samples.push_back({.time_s = r.time_s,
                       .power_mw = r.power_mw,
                       .line_nm = r.line_nm,
                       .setting_percent = r.setting_percent,
                       .temperature_c = std::nullopt});
  }
  return samples;
}

Power Measured1(const PowerScene& scene) {
  const auto measured = MeasurePower(Samples(scene));
  return std::holds_alternative<Power>(measured) ? std::get<Power>(measured) : Power{};
}

// SD of the values over their mean u, and of (value - truth) / u.
struct Spread {
  std::vector<double> values, us;

  void Add(const PowerValue& v) { Add(v.value, v.u); }
  void Add(double value, double u) {
    values.push_back(value);
    us.push_back(u);
  }
  [[nodiscard]] double Mean() const {
    double sum = 0.0;
    for (const double v : values) sum += v / static_cast<double>(values.size());
    return sum;
  }
  [[nodiscard]] double PullSd(double truth) const {
    double square = 0.0;
    for (std::size_t i = 0; i < values.size(); ++i)
      square += std::pow((values[i] - truth) / us[i], 2);
    return std::sqrt(square / static_cast<double>(values.size()));
  }
};

// 200 traces: the SD of the pulls is known to 5 %.
void ExpectPulls(const char* name, const Spread& spread, double truth) {
  EXPECT_GT(spread.PullSd(truth), 0.8) << name;
  EXPECT_LT(spread.PullSd(truth), 1.25) << name;
}

PowerScene Steps(const std::vector<double>& settings, double curve) {
  PowerScene scene{.full_power_mw = 4.0, .curve = curve, .meter_floor_mw = 0.0, .dark_mw = 0.0};
  scene.steps.clear();
  for (const double x : settings) scene.steps.push_back({488.0, x, 40.0, 4.0});
  return scene;
}

const std::vector<double> kEight = {1.0, 15.0, 29.0, 43.0, 57.0, 71.0, 85.0, 100.0};

TEST(PowerCalibration, LinearityOfACurve) {
  PowerScene scene = Steps(kEight, 0.1);
  scene.relative_noise = 1e-9;
  const auto truth =
      Measured1(scene).linearity.at(0);  // without noise: an exact fit, by hand below
  scene.relative_noise = 0.004;
  Spread slope, intercept, r2, worst;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    scene.seed = seed;
    const auto linearity = Measured1(scene).linearity.at(0);
    slope.Add(linearity.slope_mw);
    intercept.Add(linearity.intercept_mw);
    r2.Add(linearity.r2);
    worst.Add(linearity.worst_deviation);
  }
  ExpectPulls("slope", slope, truth.slope_mw.value);
  ExpectPulls("intercept", intercept, truth.intercept_mw.value);
  ExpectPulls("r2", r2, truth.r2.value);
  ExpectPulls("worst deviation", worst, truth.worst_deviation.value);
}

TEST(PowerCalibration, LinearityOfALineIsByHand) {
  PowerScene scene = Steps({10.0, 20.0, 30.0, 40.0, 50.0}, 0.0);
  scene.relative_noise = 1e-9;
  auto samples = Samples(scene);
  for (auto& s : samples) s.power_mw = s.power_mw > 0.01 ? s.power_mw + 0.2 : s.power_mw;
  const auto measured = MeasurePower(samples);
  const auto& linearity = std::get<Power>(measured).linearity.at(0);
  EXPECT_EQ(linearity.set_points, 5);
  EXPECT_NEAR(linearity.slope_mw.value, 0.04, 1e-8);
  EXPECT_NEAR(linearity.intercept_mw.value, 0.2, 1e-7);
  EXPECT_NEAR(linearity.r2.value, 1.0, 1e-9);
  EXPECT_NEAR(linearity.worst_deviation.value, 0.0, 1e-7);
}

TEST(PowerCalibration, LevelsOfARecordAreThoseOfItsRepeat) {
  PowerScene scene{.full_power_mw = 5.0, .meter_floor_mw = 0.0, .dark_mw = 0.0};
  Spread sd, low, high, stability, plain;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    scene.seed = seed;
    const auto segment = Measured1(scene).segments.at(0);
    EXPECT_EQ(segment.kind, PowerSeriesKind::kShort);
    sd.Add(segment.sd_mw, *segment.sd_u_mw);
    low.Add(segment.min_mw, *segment.extreme_u_mw);
    high.Add(segment.max_mw, *segment.extreme_u_mw);
    stability.Add(*segment.stability);
    plain.Add(*segment.sd_over_mean);
  }
  ExpectPulls("sd", sd, 0.01);
  ExpectPulls("sd over mean", plain, 0.002);
  ExpectPulls("min", low, low.Mean());
  ExpectPulls("max", high, high.Mean());
  ExpectPulls("stability", stability, stability.Mean());
}

TEST(PowerCalibration, RepeatabilityIsThatOfThePulses) {
  PowerScene scene = Steps({50.0, 50.0, 50.0, 50.0, 50.0, 50.0, 50.0, 50.0, 50.0, 50.0}, 0.0);
  scene.relative_noise = 1e-4;
  scene.pulse_sd = 0.01;
  Spread repeatability;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    scene.seed = seed;
    const auto power = Measured1(scene);
    ASSERT_EQ(power.pulses.size(), 1U);
    EXPECT_FALSE(power.pulses[0].IsSeries());
    repeatability.Add(power.pulses[0].repeatability);
  }
  // u is a part of the value itself, so the mean is compared where the pulls are skewed.
  EXPECT_NEAR(repeatability.Mean(), 0.01 * 0.9727, 4.0 * 0.01 * 0.236 / std::sqrt(200.0));
  ExpectPulls("repeatability", repeatability, 0.01);
}

TEST(PowerCalibration, TheTimeOfAStepIsWithinItsUncertainty) {
  for (const double relative : {0.02, 0.005}) {  // ten and two and a half noise SD
    PowerScene scene{.full_power_mw = 5.0, .meter_floor_mw = 0.0, .dark_mw = 0.0};
    Spread time;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
      scene.seed = seed;
      const double truth = 150.0 + static_cast<double>(seed % 10) / 10.0;
      scene.level_steps = {{truth + 1e-6, relative}};
      const auto segment = Measured1(scene).segments.at(0);
      ASSERT_EQ(segment.trace->steps.size(), 1U) << seed;
      time.Add(segment.trace->steps[0].time_s - truth, segment.trace->steps[0].time_u_s);
    }
    ExpectPulls("time", time, 0.0);
  }
}

TEST(PowerSeriesKind, IsToldByDurationAndInterval) {
  const auto kind = [](int n, double interval_s) {
    std::vector<PowerSample> samples;
    for (int i = 0; i < n; ++i) {
      samples.push_back({interval_s * i, 1.0 + 1e-3 * ((i * 7) % 5), {}, {}, {}});
    }
    return std::get<Power>(MeasurePower(samples)).segments.at(0).kind;
  };
  EXPECT_EQ(kind(300, 1.0), PowerSeriesKind::kShort);
  EXPECT_EQ(kind(285, 1.0), PowerSeriesKind::kShort);
  EXPECT_EQ(kind(284, 1.0), PowerSeriesKind::kOther);
  EXPECT_EQ(kind(330, 1.0), PowerSeriesKind::kShort);
  EXPECT_EQ(kind(331, 1.0), PowerSeriesKind::kOther);
  EXPECT_EQ(kind(240, 1.25), PowerSeriesKind::kShort);
  EXPECT_EQ(kind(240, 1.26), PowerSeriesKind::kOther);
  EXPECT_EQ(kind(375, 0.8), PowerSeriesKind::kShort);
  EXPECT_EQ(kind(380, 0.79), PowerSeriesKind::kOther);
  EXPECT_EQ(kind(240, 30.0), PowerSeriesKind::kLong);
  EXPECT_EQ(kind(228, 30.0), PowerSeriesKind::kLong);
  EXPECT_EQ(kind(227, 30.0), PowerSeriesKind::kOther);
  EXPECT_EQ(kind(264, 30.0), PowerSeriesKind::kLong);
  EXPECT_EQ(kind(265, 30.0), PowerSeriesKind::kOther);
  EXPECT_EQ(kind(300, 24.0), PowerSeriesKind::kLong);
  EXPECT_EQ(kind(300, 23.9), PowerSeriesKind::kOther);
  EXPECT_EQ(kind(192, 37.5), PowerSeriesKind::kLong);
  EXPECT_EQ(kind(191, 37.6), PowerSeriesKind::kOther);
}

TEST(SignificantSigmas, IsFiveAndGrowsWithTheRecord) {
  EXPECT_NEAR(SignificantSigmas(60), 5.0, 1e-9);
  EXPECT_NEAR(SignificantSigmas(300), 5.0, 1e-9);  // 300 erfc(5 / sqrt 2) = 1.7e-4
  EXPECT_NEAR(1e6 * std::erfc(SignificantSigmas(1000000) / std::sqrt(2.0)), 0.01, 1e-6);
}

std::vector<double> Ripple(std::size_t n) {
  std::vector<double> values;
  for (std::size_t i = 0; i < n; ++i) {
    values.push_back(std::sin(12.9898 * static_cast<double>(i * i)));
  }
  return values;
}

std::size_t Flagged(const std::vector<double>& values) {
  const auto flags = FindOutliers(values);
  return static_cast<std::size_t>(std::count(flags.begin(), flags.end(), 1));
}

TEST(FindOutliers, TakesUpToThreeInARowAndNoMore) {
  for (std::size_t run = 1; run <= 4; ++run) {
    auto values = Ripple(200);
    for (std::size_t i = 0; i < run; ++i) values[100 + i] += 30.0;
    EXPECT_EQ(Flagged(values), run <= 3 ? run : 0U) << run;
  }
}

TEST(FindOutliers, LeavesTheEndsToTheModelAndStepsAlone) {
  auto values = Ripple(200);
  EXPECT_EQ(Flagged(values), 0U);
  for (const std::size_t i : {0UL, 2UL, 197UL, 199UL}) values[i] += 30.0;
  EXPECT_EQ(Flagged(values), 0U);
  values[3] -= 30.0;
  values[196] -= 30.0;
  EXPECT_EQ(Flagged(values), 2U);
  auto step = Ripple(200);
  for (std::size_t i = 90; i < 200; ++i) step[i] += 100.0;
  EXPECT_EQ(Flagged(step), 0U);
  EXPECT_EQ(Flagged(std::vector<double>(6, 1.0)), 0U);
}

// A meter that shows one digit more now and then shows no outliers.
TEST(FindOutliers, KnowsTheMetersResolution) {
  std::vector<double> values(200, 1.0);
  for (std::size_t i = 5; i < 200; i += 17) values[i] = 1.001;
  values[50] = 1.002;
  EXPECT_EQ(Flagged(values), 0U);
  values[100] = 1.05;
  EXPECT_EQ(Flagged(values), 1U);
  EXPECT_EQ(Flagged(std::vector<double>(50, 2.0)), 0U);
}

TEST(AddOutlyingEnds, JudgesTheEndsAndWhatIsBesideAnOutlier) {
  std::vector<double> residuals(100, 0.1);
  residuals[0] = 5.4;
  residuals[2] = 5.6;
  residuals[50] = -5.6;
  residuals[73] = 5.6;
  residuals[74] = 5.6;
  residuals[96] = 5.6;
  residuals[97] = 5.6;
  std::vector<char> outliers(100);
  outliers[70] = 1;
  const auto flags = AddOutlyingEnds(residuals, 1.0, outliers);
  for (std::size_t i = 0; i < 100; ++i) {
    EXPECT_EQ(flags[i], i == 2 || i == 70 || i == 73 || i == 97 ? 1 : 0) << i;
  }
  EXPECT_EQ(AddOutlyingEnds(residuals, 0.0, outliers), outliers);
}

// Air conditioning, not mode hops.
TEST(PowerWandering, IsNoStaircaseAndSaid) {
  for (const double period_s : {100.0, 300.0}) {
    PowerScene scene{.full_power_mw = 5.0, .meter_floor_mw = 0.0, .dark_mw = 0.0};
    auto samples = Samples(scene);
    for (auto& s : samples)
      s.power_mw *= 1.0 + 0.01 * std::sin(6.283185307179586 * s.time_s / period_s);
    const auto measured = MeasurePower(samples);
    const auto& trace = *std::get<Power>(measured).segments.at(0).trace;
    EXPECT_TRUE(trace.steps.empty()) << period_s;
    EXPECT_TRUE(trace.outliers.empty()) << period_s;
    EXPECT_TRUE(trace.wanders) << period_s;
    const auto report = PowerReport(measured, samples);
    EXPECT_TRUE(std::any_of(report.findings.begin(), report.findings.end(),
                            [](const auto& f) { return f.code == "model_mismatch"; }));
  }
}

TEST(PowerDigits, AMeterThatShowsFewStillShowsAStep) {
  std::vector<PowerSample> samples;
  for (int i = 0; i < 300; ++i) samples.push_back({1.0 * i, i < 100 ? 1.5 : 1.6, {}, {}, {}});
  const TraceModel trace = *std::get<Power>(MeasurePower(samples)).segments.at(0).trace;
  ASSERT_EQ(trace.steps.size(), 1U);
  EXPECT_NEAR(trace.steps[0].height_mw, 0.1, 1e-9);
  EXPECT_EQ(trace.steps[0].time_s, 99.5);
  EXPECT_FALSE(trace.wanders);
}

// By hand: y = 1, 2, 4 against 0, 1, 2 has slope 1.5, level at the middle 7/3, residual SD
// sqrt(1/6).
TEST(FitSeries, IsLeastSquaresForThreePoints) {
  const std::vector<double> y = {1.0, 2.0, 4.0};
  const std::vector<int> gaps = {1, 1, 1};
  const SeriesFit fit = FitSeries({{1.0, 1.0, 1.0}, {-1.0, 0.0, 1.0}}, y, gaps);
  EXPECT_NEAR(fit.coefficients[0], 7.0 / 3.0, 1e-12);
  EXPECT_NEAR(fit.coefficients[1], 1.5, 1e-12);
  EXPECT_NEAR(fit.noise.sd, std::sqrt(1.0 / 6.0), 1e-12);
  EXPECT_EQ(fit.noise.lag1, 0.0);
  EXPECT_NEAR(fit.covariance[0][0], 1.0 / 18.0, 1e-12);
  EXPECT_NEAR(fit.covariance[1][1], 1.0 / 12.0, 1e-12);
  EXPECT_NEAR(fit.residuals[1], 2.0 - 7.0 / 3.0, 1e-12);
}

TEST(FitSeries, FindsTheNoiseOfAnAutoregressionWithSamplesLeftOut) {
  PowerScene scene{.full_power_mw = 1.0, .relative_noise = 0.01, .noise_lag1 = 0.6};
  scene.meter_floor_mw = scene.dark_mw = 0.0;
  scene.steps = {{488.0, 100.0, 4000.0, 0.0}};
  std::vector<double> values, ones;
  std::vector<int> gaps;
  int last = -1, i = 0;
  for (const auto& r : RenderPowerTrace(scene)) {
    if (i % 7 != 3) {  // every seventh is missing
      values.push_back(r.power_mw);
      gaps.push_back(i - last);
      last = i;
    }
    ++i;
  }
  ones.assign(values.size(), 1.0);
  const SeriesFit fit = FitSeries({ones}, values, gaps);
  EXPECT_NEAR(fit.noise.lag1, 0.6, 4.0 * 0.8 / std::sqrt(3400.0));
  EXPECT_NEAR(fit.noise.sd, 0.01, 4.0 * 0.01 * std::sqrt(1.36 / 0.64 / 2.0 / 3400.0));
  EXPECT_NEAR(std::sqrt(fit.covariance[0][0]), 0.01 * std::sqrt(4.0 / 4000.0), 1e-4);
}

TEST(NoiseOfDifferences, DoesNotSeeStepsAndDrift) {
  for (const double lag1 : {0.0, 0.6}) {
    PowerScene scene{.full_power_mw = 1.0, .relative_noise = 0.01, .noise_lag1 = lag1};
    scene.meter_floor_mw = scene.dark_mw = 0.0;
    scene.steps = {{488.0, 100.0, 4000.0, 0.0}};
    scene.level_steps = {{1000.5, 0.5}, {3000.5, -0.3}};
    scene.drift_per_h = 0.2;
    std::vector<double> values;
    for (const auto& r : RenderPowerTrace(scene)) values.push_back(r.power_mw);
    const SeriesNoise noise = NoiseOfDifferences(values);
    EXPECT_NEAR(noise.lag1, lag1, 0.1);
    EXPECT_NEAR(noise.sd, 0.013, 0.003);  // the noise is of the power, which steps up by half
  }
  EXPECT_EQ(NoiseOfDifferences(std::vector<double>(30, 1.0)).sd, 0.0);
}

// White noise of SD 1: a step of 1 in the middle of 100 zeros stands out by sqrt(100) / 2 SD.
TEST(SeriesScan, GivesAStepItsSignificance) {
  std::vector<double> values(100, 0.0), ones(100, 1.0), column(100, 0.0);
  std::fill(values.begin() + 50, values.end(), 1.0);
  std::fill(column.begin() + 50, column.end(), 1.0);
  const std::vector<int> gaps(100, 1);
  const SeriesScan white({ones}, values, gaps, {.sd = 1.0, .lag1 = 0.0});
  const auto sigmas = white.StepSigmas();
  EXPECT_NEAR(sigmas[50], 5.0, 1e-9);
  EXPECT_EQ(std::max_element(sigmas.begin(), sigmas.end()) - sigmas.begin(), 50);
  EXPECT_EQ(sigmas[0], 0.0);
  EXPECT_NEAR(white.Sigmas(column), 5.0, 1e-9);
  EXPECT_EQ(white.Sigmas(ones), 0.0);
  const SeriesScan red({ones}, values, gaps, {.sd = 0.5, .lag1 = 0.5});
  EXPECT_NEAR(red.StepSigmas()[50], red.Sigmas(column), 1e-9);
}

}  // namespace
}  // namespace qc_metrics
