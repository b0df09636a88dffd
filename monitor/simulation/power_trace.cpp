#include "monitor/simulation/power_trace.h"

#include <cmath>

#include "monitor/simulation/random.h"

namespace monitor::simulation {

double TruePower(const PowerScene& scene, double setting_percent, double t_s) {
  const double x = setting_percent / 100.0;
  const double curve = x + scene.curve * x * (1.0 - x);
  const double warm = 1.0 - scene.warm_up * std::exp(-t_s / scene.warm_up_tau_s);
  double level = 1.0 + scene.drift_per_h * t_s / 3600.0;
  for (const PowerEvent& step : scene.level_steps) level += t_s > step.time_s ? step.relative : 0.0;
  return scene.full_power_mw * curve * warm * level;
}

namespace {

double OutlierAt(const PowerScene& scene, double t_s) {
  double relative = 0.0;
  for (const PowerEvent& outlier : scene.outliers) {
    if (std::abs(outlier.time_s - t_s) < 0.5 * scene.interval_s) relative += outlier.relative;
  }
  return relative;
}

}  // namespace

std::vector<PowerReading> RenderPowerTrace(const PowerScene& scene) {
  Random random(scene.seed);
  std::vector<PowerReading> readings;
  double noise = random.Normal();
  double shown = 0.0;
  double start = 0.0;
  const double innovation = std::sqrt(1.0 - scene.noise_lag1 * scene.noise_lag1);
  const double answer =
      scene.meter_tau_s > 0.0 ? 1.0 - std::exp(-scene.interval_s / scene.meter_tau_s) : 1.0;
  std::int64_t index = 0;
  for (const auto& step : scene.steps) {
    const double end = start + step.on_s + step.off_s;
    const double pulse = scene.pulse_sd > 0.0 ? scene.pulse_sd * random.Normal() : 0.0;
    for (double t = scene.interval_s * static_cast<double>(index); t < end - 1e-9;
         t = scene.interval_s * static_cast<double>(++index)) {
      noise = scene.noise_lag1 * noise + innovation * random.Normal();
      const bool on = t < start + step.on_s - 1e-9;
      const double laser = on ? TruePower(scene, step.setting_percent, t) * (1.0 + pulse) *
                                    (1.0 + scene.relative_noise * noise + OutlierAt(scene, t))
                              : 0.0;
      shown += answer * (laser - shown);
      readings.push_back(
          {.time_s = t,
           .power_mw = shown + scene.dark_mw + scene.meter_floor_mw * random.Normal(),
           .line_nm = step.line_nm,
           .setting_percent = step.setting_percent,
           .on = on});
    }
    start = end;
  }
  return readings;
}

}  // namespace monitor::simulation
