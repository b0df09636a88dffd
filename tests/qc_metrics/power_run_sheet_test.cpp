#include "qc_metrics/power_run_sheet.h"

#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

#include "monitor/simulation/power_trace.h"

namespace qc_metrics {
namespace {

using monitor::simulation::PowerScene;
using monitor::simulation::RenderPowerTrace;

// A log that knows no line, as a meter alone writes it.
std::vector<PowerSample> BareSamples(const PowerScene& scene) {
  std::vector<PowerSample> samples;
  for (const auto& r : RenderPowerTrace(scene)) {
    samples.push_back({.time_s = r.time_s,
                       .power_mw = r.power_mw,
                       .line_nm = std::nullopt,
                       .setting_percent = std::nullopt,
                       .temperature_c = std::nullopt});
  }
  return samples;
}

// Four lines of very different power take turns every 30 s, as in QUAREP's long series.
PowerScene Interleaved(int rounds) {
  PowerScene scene{.full_power_mw = 20.0, .relative_noise = 0.002};
  scene.steps.clear();
  for (int i = 0; i < rounds; ++i) {
    scene.steps.push_back({405.0, 0.5, 4.0, 3.5});
    scene.steps.push_back({488.0, 10.0, 4.0, 3.5});
    scene.steps.push_back({561.0, 30.0, 4.0, 3.5});
    scene.steps.push_back({640.0, 100.0, 4.0, 3.5});
  }
  return scene;
}

std::vector<RunSheetRow> SheetOf(const PowerScene& scene, double clock_s) {
  std::vector<RunSheetRow> rows;
  double start = clock_s;
  for (const auto& step : scene.steps) {
    rows.push_back({start, start + step.on_s, step.line_nm, step.setting_percent});
    start += step.on_s + step.off_s;
  }
  return rows;
}

std::string Refusal(std::span<const PowerSample> samples, std::span<const RunSheetRow> rows) {
  const auto matched = MatchRunSheet(samples, rows);
  const auto* reason = std::get_if<std::string>(&matched);
  return reason == nullptr ? std::string() : *reason;
}

TEST(PowerRunSheet, InterleavedLinesAreMatchedPulseByPulse) {
  const PowerScene scene = Interleaved(40);
  const auto readings = RenderPowerTrace(scene);
  const auto matched = MatchRunSheet(BareSamples(scene), SheetOf(scene, 5000.0));
  ASSERT_TRUE(std::holds_alternative<RunSheetMatch>(matched)) << std::get<std::string>(matched);
  const auto& match = std::get<RunSheetMatch>(matched);
  EXPECT_NEAR(match.offset_s, -5000.0, 1.0);
  for (std::size_t i = 0; i < readings.size(); ++i) {
    if (!readings[i].on) continue;
    ASSERT_EQ(match.samples[i].line_nm, readings[i].line_nm) << i;
    ASSERT_EQ(match.samples[i].setting_percent, readings[i].setting_percent) << i;
  }
}

// 240 pulses of each line, 30 s apart, 2 h: the long series, told by itself, for each line.
TEST(PowerRunSheet, InterleavedPulsesMakeALongSeriesOfEachLine) {
  PowerScene scene = Interleaved(240);
  scene.drift_per_h = 0.02;
  const auto matched = MatchRunSheet(BareSamples(scene), SheetOf(scene, 0.0));
  ASSERT_TRUE(std::holds_alternative<RunSheetMatch>(matched));
  const auto& samples = std::get<RunSheetMatch>(matched).samples;
  const auto measured = MeasurePower(samples);
  ASSERT_TRUE(std::holds_alternative<Power>(measured));
  const auto& power = std::get<Power>(measured);
  ASSERT_EQ(power.pulses.size(), 4U);
  for (const auto& pulses : power.pulses) {
    EXPECT_EQ(pulses.segments.size(), 240U);
    EXPECT_EQ(pulses.series.kind, PowerSeriesKind::kLong);
    ASSERT_TRUE(pulses.series.drift_per_h.has_value());
    EXPECT_NEAR(pulses.series.drift_per_h->value, 0.02 / 1.02, 4.0 * pulses.series.drift_per_h->u);
  }
  const auto report = PowerReport(measured, samples);
  int stabilities = 0;
  for (const auto& quantity : report.quantities) {
    if (quantity.id != "power.stability") continue;
    ++stabilities;
    EXPECT_EQ(std::get<std::string>(quantity.of.at("series")), "long");
    EXPECT_FALSE(quantity.of.contains("segment"));
    EXPECT_EQ(quantity.definition, "etalon.pulses/1");
  }
  EXPECT_EQ(stabilities, 4);
  EXPECT_EQ(report.objects.size(), 960U);  // each pulse, none as a quantity
}

TEST(PowerRunSheet, IsRefusedWhereTheCountsDisagree) {
  const PowerScene scene = Interleaved(3);
  auto rows = SheetOf(scene, 0.0);
  rows.pop_back();
  const std::string reason = Refusal(BareSamples(scene), rows);
  EXPECT_NE(reason.find("11 row(s)"), std::string::npos) << reason;
  EXPECT_NE(reason.find("12"), std::string::npos) << reason;
}

TEST(PowerRunSheet, IsRefusedWhereTheTimesDisagree) {
  const PowerScene scene = Interleaved(3);
  auto rows = SheetOf(scene, 0.0);
  rows[5].start_s += 3.9;  // of two intervals and 1 s that are allowed
  EXPECT_NE(Refusal(BareSamples(scene), rows).find("pulse 6 of the log begins"), std::string::npos);
  rows = SheetOf(scene, 0.0);
  rows[4].end_s += 3.4;
  EXPECT_NE(Refusal(BareSamples(scene), rows).find("pulse 5 of the log ends"), std::string::npos);
}

TEST(PowerRunSheet, IsRefusedWhereItContradictsItself) {
  const PowerScene scene = Interleaved(1);
  auto rows = SheetOf(scene, 0.0);
  std::swap(rows[1], rows[2]);
  EXPECT_NE(Refusal(BareSamples(scene), rows).find("row 3"), std::string::npos);
  EXPECT_NE(Refusal(BareSamples(scene), {}).find("no row"), std::string::npos);
  EXPECT_NE(Refusal({}, SheetOf(scene, 0.0)).find("no sample"), std::string::npos);
}

TEST(PowerRunSheet, ALogThatIsAlwaysOnIsOnePulse) {
  PowerScene scene{.full_power_mw = 2.0};
  scene.steps = {{488.0, 50.0, 60.0, 0.0}};
  const std::vector<RunSheetRow> rows = {{-100.0, 400.0, 488.0, 50.0}};
  EXPECT_EQ(Refusal(BareSamples(scene), rows), "");
}

}  // namespace
}  // namespace qc_metrics
