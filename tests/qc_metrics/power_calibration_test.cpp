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
  PowerScene scene = Steps({10.0, 20.0, 30.0, 40.0, 50.0, 20.0, 50.0, 50.0}, 0.0);  // some again
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

// What a reader of the result sees of a step and of an outlier.
TEST(PowerEvents, AreObjectsWithTimeAndHeight) {
  PowerScene scene{.full_power_mw = 5.0, .relative_noise = 1e-4, .meter_floor_mw = 0.0};
  scene.dark_mw = 0.0;
  scene.steps = {{488.0, 10.0, 100.0, 20.0}, {488.0, 100.0, 300.0, 0.0}};
  scene.level_steps = {{270.5, 0.02}};
  scene.outliers = {{200.0, -0.04}};
  const auto samples = Samples(scene);
  const auto measured = MeasurePower(samples);
  const auto report = PowerReport(measured, samples);
  ASSERT_EQ(report.objects.size(), 2U);
  const auto& step = report.objects[0];
  const auto& outlier = report.objects[1];
  EXPECT_EQ(step.kind, "step");
  EXPECT_EQ(step.state, ObjectState::kKept);
  const double mean = std::get<Power>(measured).segments.at(1).mean_mw;
  ASSERT_EQ(step.quantities.size(), 2U);
  EXPECT_EQ(step.quantities[0].id, "power.step.time");
  EXPECT_NEAR(step.quantities[0].value, 270.5, 1e-6);
  EXPECT_NEAR(*step.quantities[0].u, std::sqrt(1.0 / 12.0), 1e-6);
  EXPECT_EQ(std::get<double>(step.quantities[0].of.at("segment")), 2.0);
  EXPECT_EQ(step.quantities[1].id, "power.step.height");
  EXPECT_NEAR(step.quantities[1].value, 0.1 / mean, 1e-4);
  EXPECT_NEAR(*step.quantities[1].u, 1e-4 * std::sqrt(1.0 / 150.0 + 1.0 / 150.0) * 2.0, 1e-5);
  EXPECT_EQ(outlier.kind, "outlier");
  ASSERT_EQ(outlier.quantities.size(), 2U);
  EXPECT_NEAR(outlier.quantities[0].value, 200.0, 1e-9);
  EXPECT_FALSE(outlier.quantities[0].u.has_value());
  EXPECT_NEAR(outlier.quantities[1].value, -0.2 / mean, 5e-4);
  EXPECT_NEAR(*outlier.quantities[1].u, 1e-4, 2e-5);
}

TEST(PowerFindings, NameTheSegments) {
  PowerScene scene{.full_power_mw = 5.0, .meter_floor_mw = 0.0, .dark_mw = 0.0};
  scene.steps = {{488.0, 100.0, 120.0, 0.0}};
  scene.warm_up = 0.1;
  scene.warm_up_tau_s = 38.0;  // settles to 1 % after 87 s; with a band of .1 % after 175 s
  PowerSettings settings;
  const auto samples = Samples(scene);
  const auto settled = MeasurePower(samples, settings);
  EXPECT_TRUE(std::get<Power>(settled).segments.at(0).settling_s.has_value());
  settings.settled_band = 0.001;
  const auto unsettled = MeasurePower(samples, settings);
  EXPECT_FALSE(std::get<Power>(unsettled).segments.at(0).settling_s.has_value());
  const auto report = PowerReport(unsettled, samples, settings);
  ASSERT_FALSE(report.findings.empty());
  EXPECT_EQ(report.findings[0].code, "not_settled");
  EXPECT_NE(report.findings[0].text.find("Segment 1: "), std::string::npos);
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

// The log was cut: one sample of the pulse is left, and no spread.
TEST(PowerLevels, OfOneSampleHaveNoSpread) {
  std::vector<PowerSample> samples;
  for (int i = 0; i < 30; ++i) samples.push_back({1.0 * i, i < 20 ? 2.0 : 1e-6, 488.0, 30.0, {}});
  samples.push_back({30.0, 2.0, 488.0, 30.0, {}});
  const auto measured = MeasurePower(samples);
  const auto& segments = std::get<Power>(measured).segments;
  ASSERT_EQ(segments.size(), 2U);
  EXPECT_EQ(segments[1].sd_mw, 0.0);
  EXPECT_FALSE(segments[1].mean_u_mw.has_value());
  EXPECT_EQ(segments[1].interval_s, 0.0);
  const auto report = PowerReport(measured, samples);
  const auto spreads = std::count_if(report.quantities.begin(), report.quantities.end(),
                                     [](const auto& q) { return q.id == "power.sd"; });
  EXPECT_EQ(spreads, 1);
}

}  // namespace
}  // namespace qc_metrics
