#pragma once

#include <cstdint>
#include <vector>

namespace monitor::simulation {

/// One step of a run sheet: the laser on at one line and setting, then off.
struct PowerStep {
  double line_nm = 488.0;
  double setting_percent = 100.0;
  double on_s = 300.0;
  double off_s = 0.0;
};

/// Something that happens to the light: a lasting change of level, or a single wrong reading.
struct PowerEvent {
  double time_s = 0.0;    ///< a step acts on all samples after it, an outlier on the one nearest
  double relative = 0.0;  ///< of the power at the first sample
};

/// A laser and its meter.
///
/// Method    power = full x setting curve x (1 - warm_up exp(-t / warm_up_tau)) x (1 + drift t
///           + level steps) x (1 + pulse) x (1 + noise + outlier), t in seconds since the first
///           sample; noise is a first-order autoregression of standard deviation `relative_noise`
///           and lag-1 correlation `noise_lag1`. The meter answers exponentially with `meter_tau_s`
///           and adds white noise of `meter_floor_mw` about `dark_mw`.
struct PowerScene {
  std::vector<PowerStep> steps{PowerStep{}};
  double interval_s = 1.0;
  double full_power_mw = 1.0;  ///< at a setting of 100 %
  double curve = 0.0;          ///< quadratic part of the setting curve, of full scale
  double drift_per_h = 0.0;    ///< of the power at the first sample
  double warm_up = 0.0;        ///< missing part of the power at the first sample
  double warm_up_tau_s = 600.0;
  std::vector<PowerEvent> level_steps{};
  std::vector<PowerEvent> outliers{};
  double pulse_sd = 0.0;  ///< relative, from one pulse to the next
  double relative_noise = 0.002;
  double noise_lag1 = 0.0;
  double meter_tau_s = 0.0;
  double meter_floor_mw = 1e-5;
  double dark_mw = 2e-5;
  std::uint64_t seed = 1;
};

/// One reading; `on` is the truth that a segmentation has to find.
struct PowerReading {
  double time_s = 0.0;
  double power_mw = 0.0;
  double line_nm = 0.0;
  double setting_percent = 0.0;
  bool on = false;
};

[[nodiscard]] std::vector<PowerReading> RenderPowerTrace(const PowerScene& scene);

/// Power without noise that leaves the laser at a setting, `t_s` after the first sample.
[[nodiscard]] double TruePower(const PowerScene& scene, double setting_percent, double t_s);

}  // namespace monitor::simulation
