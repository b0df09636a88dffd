// What is reported of a series, on twenty readings of 9 and 11 mW in turn.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "qc_metrics/power.h"

namespace qc_metrics {
namespace {

std::vector<PowerSample> InTurn() {
  std::vector<PowerSample> samples;
  for (int i = 0; i < 20; ++i) {
    samples.push_back({.time_s = static_cast<double>(i),
                       .power_mw = i % 2 == 0 ? 9.0 : 11.0,
                       .line_nm = 561.0,
                       .setting_percent = 40.0,
                       .temperature_c = std::nullopt});
  }
  return samples;
}

// The population SD of 9 and 11 is 1, the sample SD sqrt(20 / 19), the mean 10.
TEST(PowerReport, TheToolKitsNoiseIsThePopulations) {
  const auto samples = InTurn();
  const Report report = PowerReport(MeasurePower(samples, {}), samples);
  const auto of = [&](std::string_view definition) {
    return std::find_if(report.quantities.begin(), report.quantities.end(), [&](const auto& q) {
      return q.id == "power.noise" && q.definition == definition;
    });
  };
  const auto population = of("qtk.nsd/1");
  ASSERT_NE(population, report.quantities.end());
  EXPECT_NEAR(population->value, 0.1, 1e-12);
  const auto sample = of("quarep.sd_over_mean/1");
  ASSERT_NE(sample, report.quantities.end());
  EXPECT_NEAR(sample->value, 0.1 * std::sqrt(20.0 / 19.0), 1e-12);
  EXPECT_NEAR(*population->u / *sample->u, std::sqrt(19.0 / 20.0), 1e-12);
}

// So many samples and so long a series are enough for a drift, one less is not.
TEST(PowerSegments, ADriftNeedsItsSamplesAndItsTime) {
  const auto has_drift = [](std::int64_t samples, double duration_s) {
    PowerSettings settings;
    settings.min_drift_samples = samples;
    settings.min_drift_duration_s = duration_s;
    const auto measured = MeasurePower(InTurn(), settings);
    return std::get<Power>(measured).segments.at(0).drift_per_h.has_value();
  };
  EXPECT_TRUE(has_drift(20, 19.0));
  EXPECT_FALSE(has_drift(21, 19.0));
  EXPECT_FALSE(has_drift(20, 19.1));
}

}  // namespace
}  // namespace qc_metrics
