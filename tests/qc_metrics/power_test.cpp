#include "qc_metrics/power.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <set>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

#include "monitor/simulation/power_trace.h"
#include "qc_metrics/catalogue.h"
#include "tests/support/tiff_plane.h"

namespace qc_metrics {
namespace {

using monitor::simulation::PowerScene;
using monitor::simulation::PowerStep;
using monitor::simulation::RenderPowerTrace;
using monitor::simulation::TruePower;

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

Power MeasureOrFail(const std::vector<PowerSample>& samples, const PowerSettings& settings = {}) {
  const auto measured = MeasurePower(samples, settings);
  if (const auto* fault = std::get_if<Fault>(&measured)) {
    ADD_FAILURE() << "expected a measurement, got fault: " << Name(*fault);
    return {};
  }
  return std::get<Power>(measured);
}

struct Pull {
  double sum = 0.0, square = 0.0;
  int n = 0;

  void Add(double truth, const std::optional<PowerValue>& v) {
    ASSERT_TRUE(v.has_value());
    Add(v->value - truth, std::optional(v->u));
  }

  void Add(double error, std::optional<double> u) {
    if (!u || !(*u > 0.0)) {
      ADD_FAILURE() << "a value came without its uncertainty";
      return;
    }
    sum += error / *u;
    square += error * error / (*u * *u);
    ++n;
  }
  [[nodiscard]] double Sd() const { return std::sqrt((square - sum * sum / n) / (n - 1)); }
};

TEST(Power, HandMadeSegmentHasItsTextbookValues) {
  std::vector<PowerSample> samples;
  for (int i = 0; i < 20; ++i) {
    samples.push_back({.time_s = static_cast<double>(i),
                       .power_mw = i % 2 == 0 ? 9.0 : 11.0,
                       .line_nm = 561.0,
                       .setting_percent = 40.0,
                       .temperature_c = std::nullopt});
  }
  const auto power = MeasureOrFail(samples);
  ASSERT_EQ(power.segments.size(), 1U);
  const auto& segment = power.segments.front();
  EXPECT_DOUBLE_EQ(segment.mean_mw, 10.0);
  EXPECT_DOUBLE_EQ(segment.min_mw, 9.0);
  EXPECT_DOUBLE_EQ(segment.max_mw, 11.0);
  EXPECT_NEAR(segment.sd_mw, std::sqrt(20.0 / 19.0), 1e-12);
  ASSERT_TRUE(segment.stability.has_value());
  EXPECT_NEAR(segment.stability->value, 1.0 - 2.0 / 20.0, 1e-12);
  EXPECT_EQ(segment.line_nm, 561.0);
  EXPECT_EQ(segment.setting_percent, 40.0);
  EXPECT_FALSE(segment.drift_per_h.has_value());  // 20 samples are too few
  EXPECT_EQ(power.off_samples, 0);
}

// Truth: 2 %/h about the mean of 300 s; noise .2 %, slope's SD = .002 * sqrt(12 / 300) / 300 s.
TEST(Power, DriftAndNoiseAreToldApart) {
  const PowerScene scene{.full_power_mw = 5.0, .drift_per_h = 0.6, .dark_mw = 0.0};
  const auto power = MeasureOrFail(Samples(scene));
  ASSERT_EQ(power.segments.size(), 1U);
  const auto& segment = power.segments.front();
  const double middle = 1.0 + 0.6 * 149.5 / 3600.0;
  ASSERT_TRUE(segment.drift_per_h.has_value());
  EXPECT_NEAR(segment.drift_per_h->value, 0.6 / middle, 4.0 * 0.0048);
  EXPECT_NEAR(segment.drift_per_h->u, 0.0048, 0.0008);
  ASSERT_TRUE(segment.noise.has_value());
  EXPECT_NEAR(segment.noise->value, 0.002, 4.0 * 0.002 / std::sqrt(2.0 * 298.0));
  EXPECT_GT(segment.sd_mw / segment.mean_mw, 0.012);  // the drift is in the plain SD
}

// 200 logs: the SD of 200 pulls is itself known to 5 %.
class PowerPull : public testing::TestWithParam<double> {};

TEST_P(PowerPull, IsNearOneWithAndWithoutAutocorrelation) {
  PowerScene scene{.full_power_mw = 5.0, .drift_per_h = 0.02, .dark_mw = 0.0};
  scene.noise_lag1 = GetParam();
  double truth = 0.0;
  for (int i = 0; i < 300; ++i) truth += TruePower(scene, 100.0, i) / 300.0;
  Pull mean, drift, noise;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    scene.seed = seed;
    const auto power = MeasureOrFail(Samples(scene));
    ASSERT_EQ(power.segments.size(), 1U);
    const auto& segment = power.segments.front();
    mean.Add(segment.mean_mw - truth, segment.mean_u_mw);
    drift.Add(0.02 * 5.0 / truth, segment.drift_per_h);
    noise.Add(0.002, segment.noise);
  }
  for (const auto& [name, pull] :
       {std::pair{"mean", mean}, std::pair{"drift", drift}, std::pair{"noise", noise}}) {
    EXPECT_GT(pull.Sd(), 0.8) << name;
    EXPECT_LT(pull.Sd(), 1.25) << name;
    EXPECT_NEAR(pull.sum / pull.n, 0.0, 0.35) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Lag1, PowerPull, testing::Values(0.0, 0.3, 0.7),
                         [](const auto& param_info) {
                           return "Lag" + std::to_string(static_cast<int>(10 * param_info.param));
                         });

PowerScene Pulsed() {
  PowerScene scene{.full_power_mw = 2.0, .meter_tau_s = 0.3};
  scene.steps = {{488.0, 30.0, 40.0, 12.0}, {561.0, 10.0, 40.0, 12.0}, {488.0, 30.0, 40.0, 12.0}};
  return scene;
}

TEST(PowerSegments, AreFoundPerLineAndNeverSpanAnOff) {
  const auto power = MeasureOrFail(Samples(Pulsed()));
  ASSERT_EQ(power.segments.size(), 3U);
  const double expected_mw[] = {0.6, 0.2, 0.6};
  const double expected_nm[] = {488.0, 561.0, 488.0};
  for (std::size_t i = 0; i < 3; ++i) {
    const auto& segment = power.segments[i];
    EXPECT_EQ(segment.number, static_cast<std::int64_t>(i) + 1);
    EXPECT_EQ(segment.line_nm, expected_nm[i]);
    EXPECT_NEAR(segment.mean_mw, expected_mw[i], 0.005 * expected_mw[i]);
    ASSERT_TRUE(segment.stability.has_value());
    EXPECT_GT(segment.stability->value, 0.97);  // an "off" inside would bring it to 0
    EXPECT_NEAR(static_cast<double>(segment.samples), 40.0, 3.0);
  }
}

TEST(PowerSegments, MatchTheTruthSampleBySample) {
  const auto scene = Pulsed();
  const auto readings = RenderPowerTrace(scene);
  const auto power = MeasureOrFail(Samples(scene));
  std::int64_t on = 0;
  for (const auto& r : readings) on += r.on ? 1 : 0;
  std::int64_t used = 0;
  for (const auto& s : power.segments) used += s.samples;
  // Each of the three switch-offs leaves one or two samples of the meter's tail above "off".
  EXPECT_LE(std::abs(on - used), 6);
  for (const auto& s : power.segments) {
    for (const auto& r : readings) {
      const bool used_here = r.time_s >= s.start_s && r.time_s <= s.end_s;
      EXPECT_TRUE(r.on || !used_here) << r.time_s;
    }
  }
}

TEST(PowerSegments, SettlingEdgesAreExcludedAndSaid) {
  auto scene = Pulsed();
  scene.meter_tau_s = 0.7;
  const auto samples = Samples(scene);
  const auto power = MeasureOrFail(samples);
  EXPECT_GE(power.edge_samples, 3);
  const auto report = PowerReport(power, samples);
  const bool said = std::any_of(report.findings.begin(), report.findings.end(), [](const auto& f) {
    return f.code == "switching" && f.text.find("settling") != std::string::npos;
  });
  EXPECT_TRUE(said);
}

TEST(PowerSegments, ALaserThatIsAlwaysOnIsOneSegmentEvenWhenItDropsByHalf) {
  PowerScene scene{.full_power_mw = 3.0};
  auto samples = Samples(scene);
  for (std::size_t i = 150; i < samples.size(); ++i) samples[i].power_mw *= 0.5;
  const auto power = MeasureOrFail(samples);
  ASSERT_EQ(power.segments.size(), 1U);
  EXPECT_LT(power.segments.front().stability->value, 0.7);
}

TEST(PowerSegments, APauseOfTheMeterEndsASegment) {
  auto samples = Samples(PowerScene{});
  for (std::size_t i = 100; i < samples.size(); ++i) samples[i].time_s += 60.0;
  EXPECT_EQ(MeasureOrFail(samples).segments.size(), 2U);
}

TEST(PowerSegments, ALineThatNeverWasOnGivesNoSegment) {
  PowerScene scene{.full_power_mw = 2.0};
  scene.steps = {{488.0, 30.0, 40.0, 12.0}, {640.0, 30.0, 0.0, 40.0}};
  const auto power = MeasureOrFail(Samples(scene));
  ASSERT_EQ(power.segments.size(), 1U);
  EXPECT_EQ(power.segments.front().line_nm, 488.0);
  EXPECT_GE(power.off_samples, 50);
}

TEST(PowerSegments, NegativeAndZeroDarkReadingsAreOff) {
  PowerScene scene{.full_power_mw = 2.0, .dark_mw = 0.0};
  scene.steps = {{488.0, 30.0, 40.0, 20.0}, {488.0, 30.0, 40.0, 20.0}};
  EXPECT_EQ(MeasureOrFail(Samples(scene)).segments.size(), 2U);
}

TEST(PowerReport, ShortSegmentsAreListedWithoutStability) {
  PowerScene scene{.full_power_mw = 2.0};
  scene.steps = {{488.0, 30.0, 6.0, 6.0}, {488.0, 30.0, 6.0, 6.0}, {488.0, 30.0, 300.0, 5.0}};
  const auto samples = Samples(scene);
  const auto power = MeasureOrFail(samples);
  ASSERT_EQ(power.segments.size(), 3U);
  const auto report = PowerReport(power, samples);
  int means = 0;
  int stabilities = 0;
  for (const auto& quantity : report.quantities) {
    means += quantity.id == "power.mean" ? 1 : 0;
    if (quantity.id != "power.stability") continue;
    ++stabilities;
    EXPECT_EQ(std::get<double>(quantity.of.at("segment")), 3.0);
    EXPECT_EQ(std::get<double>(quantity.of.at("line_nm")), 488.0);
    EXPECT_EQ(std::get<double>(quantity.of.at("setting_percent")), 30.0);
  }
  EXPECT_EQ(means, 3);
  EXPECT_EQ(stabilities, 1);
  ASSERT_FALSE(report.findings.empty());
  EXPECT_EQ(report.findings.front().code, "too_few");
  EXPECT_NE(report.findings.front().text.find("Segment 1, 2:"), std::string::npos);
}

std::string Of(const Quantity& quantity) {
  std::string text;
  for (const auto& [key, value] : quantity.of) {
    text += "," + key + "=";
    if (const auto* number = std::get_if<double>(&value)) text += std::to_string(*number);
  }
  return text;
}

TEST(PowerReport, UnitsAndDefinitionsAreThoseOfTheCatalogue) {
  PowerScene scene{.full_power_mw = 2.0};
  scene.steps = {{488.0, 10.0, 80.0, 5.0}, {488.0, 50.0, 80.0, 5.0}, {488.0, 90.0, 80.0, 5.0}};
  scene.steps.push_back({488.0, 30.0, 80.0, 5.0});
  scene.steps.push_back({488.0, 70.0, 80.0, 5.0});
  const auto samples = Samples(scene);
  const auto report = PowerReport(MeasureOrFail(samples), samples);
  std::set<std::string> seen;
  for (const auto& quantity : report.quantities) {
    const auto* row = FindQuantity(quantity.id);
    ASSERT_NE(row, nullptr) << quantity.id;
    EXPECT_EQ(row->unit, quantity.unit) << quantity.id;
    if (seen.insert(quantity.id + Of(quantity)).second) {
      EXPECT_EQ(row->default_definition, quantity.definition) << quantity.id;
    }
  }
  // Per segment: 4 levels, stability, 3 noises, drift, settling, steps, outliers.
  EXPECT_EQ(report.quantities.size(), 5U * 12U + 4U);
}

// A quadratic c x (1 - x) on 8 equal levels 1 .. 100 %: the residuals of its best line, by hand.
TEST(PowerLinearity, FindsTheWorstDeviation) {
  PowerScene scene{.full_power_mw = 4.0, .curve = 0.1, .relative_noise = 1e-6};
  scene.meter_floor_mw = 0.0;
  scene.dark_mw = 0.0;
  scene.steps.clear();
  std::vector<double> x;
  for (int i = 0; i < 8; ++i) {
    x.push_back(1.0 + 99.0 * i / 7.0);
    scene.steps.push_back({488.0, x.back(), 30.0, 0.0});
  }
  double mean = 0.0, mean_square = 0.0;
  for (const double v : x) {
    mean += v / 100.0 / 8.0;
    mean_square += v * v / 1e4 / 8.0;
  }
  const double spread = mean_square - mean * mean;
  // The line through u = x^2 on symmetric points has slope 2 mean and passes the mean of u.
  double worst = 0.0;
  for (const double v : x) {
    const double d = v / 100.0 - mean;
    worst = std::max(worst, 0.1 * std::abs(d * d - spread));
  }
  const auto power = MeasureOrFail(Samples(scene));
  ASSERT_EQ(power.linearity.size(), 1U);
  EXPECT_EQ(power.linearity.front().set_points, 8);
  EXPECT_NEAR(power.linearity.front().worst_deviation.value, worst, 1e-5);
  EXPECT_LT(power.linearity.front().r2.value, 1.0);
  EXPECT_GT(power.linearity.front().r2.value, 0.99);
}

TEST(PowerLinearity, NeedsFiveSetPoints) {
  PowerScene scene;
  scene.steps = {{488.0, 10.0, 30.0, 5.0},
                 {488.0, 30.0, 30.0, 5.0},
                 {488.0, 50.0, 30.0, 5.0},
                 {488.0, 70.0, 30.0, 5.0}};
  EXPECT_TRUE(MeasureOrFail(Samples(scene)).linearity.empty());
}

TEST(PowerFault, IsReportedAsAValueAndAsAFinding) {
  auto nan = Samples(PowerScene{});
  nan[4].power_mw = std::numeric_limits<double>::quiet_NaN();
  auto backwards = Samples(PowerScene{});
  backwards[5].time_s = backwards[3].time_s;
  auto dark = Samples(PowerScene{});
  for (auto& s : dark) s.power_mw = -1e-6;
  const std::vector<std::pair<std::vector<PowerSample>, Fault>> cases = {
      {{}, Fault::kTooFew},
      {nan, Fault::kNotFinite},
      {backwards, Fault::kUnsupportedFormat},
      {dark, Fault::kNoSignal}};
  for (const auto& [samples, expected] : cases) {
    const auto measured = MeasurePower(samples);
    const auto* fault = std::get_if<Fault>(&measured);
    ASSERT_NE(fault, nullptr) << Name(expected);
    EXPECT_EQ(Name(*fault), Name(expected));
    const auto report = PowerReport(measured, {});
    ASSERT_EQ(report.findings.size(), 1U);
    EXPECT_EQ(report.findings.front().severity, Severity::kFault);
  }
}

// The real log: timestamp, line, setting, power and an empty temperature, ragged rows.
std::vector<PowerSample> ReadSmartLpm(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  std::vector<PowerSample> samples;
  while (std::getline(file, line)) {
    std::istringstream cells(line);
    std::string date, time, nm, percent, mw;
    cells >> date >> time >> nm >> percent >> mw;
    if (mw.empty()) continue;
    const double seconds = std::stod(time.substr(0, 2)) * 3600.0 +
                           std::stod(time.substr(3, 2)) * 60.0 + std::stod(time.substr(6));
    samples.push_back({.time_s = seconds,
                       .power_mw = std::stod(mw),
                       .line_nm = std::stod(nm),
                       .setting_percent = std::stod(percent),
                       .temperature_c = std::nullopt});
  }
  return samples;
}

// Counted by eye in the file: nine pulses of about 2.4e-4 mW, all shorter than 10 s; the first row
// is the tail of a pulse before the log began.
TEST(PowerRealLog, LaserPulsesAreSegmentedAndGetNoStability) {
  const auto path = tests::support::CalibrationFile("power/SmartLPM_blindData.csv");
  if (path.empty()) GTEST_SKIP() << "no calibration data in " ETALON_CALIBRATION_DATA;
  const auto samples = ReadSmartLpm(path);
  ASSERT_EQ(samples.size(), 120U);
  const auto power = MeasureOrFail(samples);
  EXPECT_EQ(power.segments.size(), 9U);
  for (const auto& segment : power.segments) {
    EXPECT_FALSE(segment.stability.has_value());
    EXPECT_FALSE(segment.drift_per_h.has_value());
    EXPECT_GT(segment.mean_mw, 2.1e-4);
    EXPECT_LT(segment.mean_mw, 2.6e-4);
    EXPECT_GT(segment.min_mw, 0.83 * segment.max_mw);  // the last pulse falls by 16 %
    EXPECT_GE(segment.samples, 4);
    EXPECT_LE(segment.samples, 8);
    EXPECT_EQ(segment.line_nm, 488.0);
    EXPECT_EQ(segment.setting_percent, 30.0);
  }
  const auto report = PowerReport(power, samples);
  ASSERT_FALSE(report.findings.empty());
  EXPECT_EQ(report.findings.front().code, "too_few");
}

}  // namespace
}  // namespace qc_metrics
