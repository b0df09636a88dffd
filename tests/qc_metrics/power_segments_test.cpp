// Segments, pulses and kinds of series on logs made by hand, at their limits.

#include "qc_metrics/power_segments.h"

#include <gtest/gtest.h>

#include <cmath>
#include <variant>
#include <vector>

#include "qc_metrics/power.h"

namespace qc_metrics {
namespace {

PowerSample At(double time_s, double power_mw) {
  return {.time_s = time_s,
          .power_mw = power_mw,
          .line_nm = std::nullopt,
          .setting_percent = std::nullopt,
          .temperature_c = std::nullopt};
}

std::vector<PowerSample> EverySecond(const std::vector<double>& power_mw, double interval_s = 1.0) {
  std::vector<PowerSample> samples;
  for (std::size_t i = 0; i < power_mw.size(); ++i) {
    samples.push_back(At(interval_s * static_cast<double>(i), power_mw[i]));
  }
  return samples;
}

// A steady laser with a ripple of one part in a thousand that is not a repeating pattern.
std::vector<PowerSample> Steady(std::size_t n, double interval_s, double relative = 1e-3) {
  std::vector<double> power;
  for (std::size_t i = 0; i < n; ++i) {
    power.push_back(5.0 + 5.0 * relative * std::sin(12.9898 * static_cast<double>(i * i)));
  }
  return EverySecond(power, interval_s);
}

PowerSegment Only(const std::vector<PowerSample>& samples) {
  const auto measured = MeasurePower(samples);
  if (!std::holds_alternative<Power>(measured)) {
    ADD_FAILURE() << "fault";
    return {};
  }
  EXPECT_EQ(std::get<Power>(measured).segments.size(), 1U);
  return std::get<Power>(measured).segments.front();
}

TEST(PowerKind, IsReadAtBothEndsOfBothRanges) {
  const auto kind = [](std::size_t n, double interval_s) {
    return Only(Steady(n, interval_s)).kind;
  };
  // n samples stand for n intervals.
  EXPECT_EQ(kind(285, 1.0), PowerSeriesKind::kShort);
  EXPECT_EQ(kind(284, 1.0), PowerSeriesKind::kOther);
  EXPECT_EQ(kind(330, 1.0), PowerSeriesKind::kShort);
  EXPECT_EQ(kind(331, 1.0), PowerSeriesKind::kOther);
  EXPECT_EQ(kind(240, 1.25), PowerSeriesKind::kShort);
  EXPECT_EQ(kind(200, 1.5), PowerSeriesKind::kOther);
  EXPECT_EQ(kind(400, 0.75), PowerSeriesKind::kOther);
  EXPECT_EQ(kind(228, 30.0), PowerSeriesKind::kLong);
  EXPECT_EQ(kind(227, 30.0), PowerSeriesKind::kOther);
  EXPECT_EQ(kind(264, 30.0), PowerSeriesKind::kLong);
  EXPECT_EQ(kind(265, 30.0), PowerSeriesKind::kOther);
  EXPECT_EQ(kind(300, 24.0), PowerSeriesKind::kLong);
  EXPECT_EQ(kind(310, 23.5), PowerSeriesKind::kOther);
  EXPECT_EQ(kind(200, 37.5), PowerSeriesKind::kLong);
  EXPECT_EQ(kind(180, 40.0), PowerSeriesKind::kOther);
}

TEST(PowerSegment, IntervalIsTheMedianOne) {
  std::vector<PowerSample> samples;
  double time = 0.0;
  for (int i = 0; i < 20; ++i) {
    samples.push_back(At(time, 5.0));
    time += i < 9 ? 1.0 : 2.0;
  }
  EXPECT_EQ(Only(samples).interval_s, 2.0);
}

TEST(PowerSegment, DriftNeedsSixtySamplesAndSixtySeconds) {
  EXPECT_FALSE(Only(Steady(60, 1.0)).searched);  // 59 s
  EXPECT_TRUE(Only(Steady(61, 1.0)).searched);
  EXPECT_TRUE(Only(Steady(60, 2.0)).searched);
  EXPECT_FALSE(Only(Steady(59, 2.0)).searched);
  EXPECT_TRUE(Only(Steady(20, 2.0)).stability.has_value());
  EXPECT_FALSE(Only(Steady(19, 2.0)).stability.has_value());
}

// From the first sample on within 1 % of what it settles to: only where the noise lets one say so.
TEST(PowerSegment, SettledFromTheStartUnlessTheNoiseHidesIt) {
  const auto quiet = Only(Steady(300, 1.0, 0.012));  // an SD of .85 %
  ASSERT_TRUE(quiet.settling_s.has_value());
  EXPECT_EQ(quiet.settling_s->value, 0.0);
  EXPECT_FALSE(Only(Steady(300, 1.0, 0.02)).settling_s.has_value());
  EXPECT_FALSE(quiet.still_settling);
}

// Alternating values have no positive correlation: the SD of a sample SD of n values.
TEST(PowerSegment, SdAndStabilityUncertaintyOfAlternatingValues) {
  std::vector<double> power;
  for (int i = 0; i < 40; ++i) power.push_back(i % 2 == 0 ? 9.0 : 11.0);
  const auto segment = Only(EverySecond(power));
  const double sd = std::sqrt(40.0 / 39.0);
  EXPECT_NEAR(segment.sd_mw, sd, 1e-12);
  EXPECT_NEAR(*segment.sd_u_mw, sd / std::sqrt(78.0), 1e-7);
  EXPECT_NEAR(segment.sd_over_mean->value, sd / 10.0, 1e-12);
  EXPECT_NEAR(segment.sd_over_mean->u, sd / std::sqrt(78.0) / 10.0, 1e-8);
  // Gumbel: the SD of the largest of n is pi / sqrt 6 of sd / sqrt(2 ln n).
  const double extreme = segment.noise->value * 10.0 * 1.28255 / std::sqrt(2.0 * std::log(40.0));
  EXPECT_NEAR(*segment.extreme_u_mw, extreme, 1e-5);
  EXPECT_NEAR(segment.stability->u, 2.0 * std::hypot(9.0, 11.0) / 400.0 * extreme, 1e-6);
}

std::vector<PowerSample> Pulses(const std::vector<double>& levels_mw, int on, int off) {
  std::vector<double> power;
  for (const double level : levels_mw) {
    for (int i = 0; i < off; ++i) power.push_back(0.001);
    for (int i = 0; i < on; ++i) power.push_back(level);
  }
  return EverySecond(power);
}

TEST(PowerPulses, AreThreeOrMoreAtTheMiddleOfEach) {
  const auto pulses = [](const std::vector<double>& levels) {
    return std::get<Power>(MeasurePower(Pulses(levels, 9, 5))).pulses;
  };
  EXPECT_TRUE(pulses({1.0, 1.1}).empty());
  const auto three = pulses({1.0, 1.1, 1.2});
  ASSERT_EQ(three.size(), 1U);
  EXPECT_FALSE(three[0].IsSeries());
  EXPECT_EQ(three[0].segments, (std::vector<std::int64_t>{1, 2, 3}));
  EXPECT_NEAR(three[0].repeatability.value, 0.1 / 1.1, 1e-12);
  EXPECT_NEAR(three[0].repeatability.u, 0.1 / 1.1 / 2.0, 1e-12);  // two degrees of freedom
  EXPECT_NEAR(three[0].series.start_s, 9.0, 1e-12);               // on from 5 to 13 s
  EXPECT_NEAR(three[0].series.end_s, 37.0, 1e-12);
  EXPECT_EQ(three[0].series.number, 0);
}

Segmentation Found(const std::vector<double>& power_mw, const PowerSettings& settings = {}) {
  return FindSegments(EverySecond(power_mw), settings);
}

std::vector<double> Repeat(std::initializer_list<std::pair<int, double>> runs) {
  std::vector<double> power;
  for (const auto& [count, level] : runs) power.insert(power.end(), std::size_t(count), level);
  return power;
}

TEST(FindSegments, DropsUpToThreeSamplesBelowNinetyPercentBesideASwitch) {
  const auto edges = [](std::initializer_list<double> rise, std::initializer_list<double> fall) {
    std::vector<double> power = Repeat({{6, 0.001}});
    power.insert(power.end(), rise);
    for (int i = 0; i < 12; ++i) power.push_back(1.0);
    power.insert(power.end(), fall);
    for (int i = 0; i < 6; ++i) power.push_back(0.001);
    const auto found = Found(power);
    EXPECT_EQ(found.segments.size(), 1U);
    EXPECT_EQ(found.off_samples, 12);
    return found.segments.front();
  };
  SegmentRange range = edges({0.5, 0.8}, {0.85});
  EXPECT_EQ(range.first, 8U);
  EXPECT_EQ(range.count, 12U);
  EXPECT_EQ(range.edge_samples_dropped, 3);
  range = edges({0.5, 0.6, 0.7, 0.8}, {0.8, 0.7, 0.6, 0.5});  // three at each end, no more
  EXPECT_EQ(range.first, 9U);
  EXPECT_EQ(range.count, 14U);
  EXPECT_EQ(range.edge_samples_dropped, 6);
  range = edges({0.92}, {0.92});
  EXPECT_EQ(range.count, 14U);
  EXPECT_EQ(range.edge_samples_dropped, 0);
}

// Without a switch beside it the first and the last sample are the laser's own.
TEST(FindSegments, KeepsTheEndsOfTheLog) {
  std::vector<double> power = Repeat({{1, 0.7}, {10, 1.0}, {6, 0.001}, {10, 1.0}, {1, 0.7}});
  const auto found = Found(power);
  ASSERT_EQ(found.segments.size(), 2U);
  EXPECT_EQ(found.segments[0].first, 0U);
  EXPECT_EQ(found.segments[0].count, 11U);
  EXPECT_EQ(found.segments[1].first, 17U);
  EXPECT_EQ(found.segments[1].count, 11U);
}

TEST(FindSegments, APulseOfOneSampleIsKeptAndAnEdgeAloneIsNot) {
  // 40 % of the level with the laser on is a switch's glitch, 60 % a short pulse.
  for (const double level : {0.4, 0.6}) {
    const auto found = Found(Repeat({{6, 0.001}, {20, 1.0}, {6, 0.001}, {1, level}, {6, 0.001}}));
    EXPECT_EQ(found.segments.size(), level < 0.5 ? 1U : 2U);
    EXPECT_EQ(found.lone_edge_samples, level < 0.5 ? 1 : 0);
  }
  const auto four = Found(Repeat({{6, 0.001}, {20, 1.0}, {6, 0.001}, {4, 0.4}, {6, 0.001}}));
  EXPECT_EQ(four.segments.size(), 2U);  // longer than an edge can be
}

TEST(FindSegments, APauseOfMoreThanFiveIntervalsEndsASegment) {
  for (const double pause : {5.0, 5.5}) {
    std::vector<PowerSample> samples;
    for (int i = 0; i < 40; ++i) samples.push_back(At(i + (i >= 20 ? pause - 1.0 : 0.0), 1.0));
    EXPECT_EQ(FindSegments(samples, {}).segments.size(), pause > 5.0 ? 2U : 1U) << pause;
  }
}

TEST(FindSegments, LinesAndSettingsDoNotMix) {
  std::vector<PowerSample> samples = EverySecond(std::vector<double>(30, 1.0));
  for (std::size_t i = 10; i < 30; ++i) samples[i].line_nm = 561.0;
  for (std::size_t i = 20; i < 30; ++i) samples[i].setting_percent = 5.0;
  const auto found = FindSegments(samples, {});
  ASSERT_EQ(found.segments.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(found.segments[i].first, 10 * i);
    EXPECT_EQ(found.segments[i].count, 10U);
  }
}

// A line that is never switched on shows another line's "off"; up to three times of it is off.
TEST(FindSegments, ALineNoBrighterThanThreeTimesOffIsOff) {
  for (const double level : {0.0028, 0.0032}) {
    std::vector<PowerSample> samples = EverySecond(Repeat({{20, 0.001}, {20, 1.0}, {20, level}}));
    for (std::size_t i = 40; i < 60; ++i) samples[i].line_nm = 561.0;
    const auto found = FindSegments(samples, {});
    EXPECT_EQ(found.segments.size(), level < 0.003 ? 1U : 2U) << level;
    EXPECT_EQ(found.off_samples, level < 0.003 ? 40 : 20);
  }
}

// Medians of 1 and of .21 or .19: the contrast between on and off is at least five. All else of a
// histogram of two values is empty, and the threshold is its middle on the logarithmic scale.
TEST(SwitchThreshold, NeedsAFivefoldContrastAndLiesInTheMiddleOfTheGap) {
  EXPECT_FALSE(SwitchThreshold(Repeat({{20, 0.21}, {20, 1.0}})).has_value());
  const auto found = SwitchThreshold(Repeat({{20, 0.19}, {20, 1.0}}));
  ASSERT_TRUE(found.has_value());
  EXPECT_NEAR(std::log(*found), 0.5 * std::log(0.19), 0.01);
  const auto uneven = SwitchThreshold(Repeat({{45, 0.01}, {15, 1.0}}));
  ASSERT_TRUE(uneven.has_value());
  EXPECT_NEAR(std::log(*uneven), 0.5 * std::log(0.01), 0.03);
  EXPECT_FALSE(SwitchThreshold(std::vector<double>(20, -1.0)).has_value());
  EXPECT_FALSE(SwitchThreshold(std::vector<double>(20, 1.0)).has_value());
  // Zero and negative readings count as 1e-5 of the strong ones.
  const auto dark = SwitchThreshold(Repeat({{20, -3.0}, {20, 0.5}}));
  ASSERT_TRUE(dark.has_value());
  EXPECT_NEAR(std::log(*dark / 0.5), 0.5 * std::log(1e-5), 0.05);
}

// By hand: log levels 0, 1, 2 and 10 in equal numbers; between-class variance is largest when the
// three stand against the one, whatever the bins.
TEST(SwitchThreshold, SplitsWhereTheVarianceBetweenIsLargest) {
  const auto found = SwitchThreshold(Repeat(
      {{30, std::exp(-10.0)}, {30, std::exp(-9.0)}, {30, std::exp(-8.0)}, {30, std::exp(0.0)}}));
  ASSERT_TRUE(found.has_value());
  EXPECT_NEAR(std::log(*found), -4.0, 0.05);
}

// Three levels alike in number split at the wider of their two gaps, be it by a hundredth.
TEST(SwitchThreshold, SplitsTheWiderOfTwoGaps) {
  for (const double middle : {4.9, 5.03}) {
    const auto found =
        SwitchThreshold(Repeat({{30, std::exp(-10.0)}, {30, std::exp(middle - 10.0)}, {30, 1.0}}));
    ASSERT_TRUE(found.has_value());
    EXPECT_NEAR(std::log(*found), middle > 5.0 ? 0.5 * middle - 10.0 : 0.5 * middle - 5.0, 0.05);
  }
}

TEST(PowerReport, ASteadyRecordSaysNothingOfSwitching) {
  const auto samples = Steady(300, 1.0);
  const Report report = PowerReport(MeasurePower(samples), samples);
  for (const Finding& finding : report.findings) EXPECT_NE(finding.code, "switching");
  for (const Quantity& quantity : report.quantities) {
    EXPECT_EQ(std::get<double>(quantity.of.at("segment")), 1.0);
  }
}

}  // namespace
}  // namespace qc_metrics
