#pragma once

#include <cmath>
#include <vector>

#include "monitor/simulation/photon_transfer.h"
#include "qc_metrics/detector.h"

namespace qc_metrics {

/// A whole set of series of one simulated sensor.
struct DetectorScene {
  monitor::simulation::SensorScene sensor{};
  std::vector<double> lights_e = {30, 300, 1000, 3000, 6000, 9000, 20000};
  int dark_frames = 40;
  int flat_frames = 20;
  double light_trend = 0.0;
  double light_flicker = 0.002;
  double long_dark_s = 1.0;  ///< 0: one dark series only
  std::uint64_t seed = 1;
};

inline monitor::simulation::SensorScene SmallSensor(std::uint64_t seed) {
  monitor::simulation::SensorScene scene;
  scene.width = 128;
  scene.height = 96;
  scene.full_well_e = 15000.0;
  scene.full_well_sd = 0.01;
  scene.light_slope_x = 0.3;
  scene.dark_current_e_per_s = 2.0;
  scene.seed = seed;
  return scene;
}

/// The exposures are those of a lamp that gives 30,000 electrons a second.
inline std::vector<DetectorSeries> RecordAll(const DetectorScene& scene) {
  const monitor::simulation::Sensor sensor(scene.sensor);
  std::vector<DetectorSeries> series;
  constexpr double kShortS = 0.001;
  series.push_back(
      {SeriesKind::kDark,
       {sensor.Record(
           {.exposure_s = kShortS, .frames = scene.dark_frames, .seed = 1000 + scene.seed})},
       kShortS,
       "dark"});
  if (scene.long_dark_s > 0.0) {
    series.push_back(
        {SeriesKind::kDark,
         {sensor.Record(
             {.exposure_s = scene.long_dark_s, .frames = 20, .seed = 2000 + scene.seed})},
         scene.long_dark_s,
         "long dark"});
  }
  for (std::size_t i = 0; i < scene.lights_e.size(); ++i) {
    const double exposure_s = scene.lights_e[i] / 30000.0;
    series.push_back({SeriesKind::kFlat,
                      {sensor.Record({.light_e = scene.lights_e[i],
                                      .exposure_s = exposure_s,
                                      .frames = scene.flat_frames,
                                      .light_trend = scene.light_trend,
                                      .light_flicker = scene.light_flicker,
                                      .seed = 3000 + 100 * scene.seed + i})},
                      exposure_s,
                      "flat " + std::to_string(i)});
  }
  return series;
}

/// Errors of one value over recordings: relative to the truth and in units of u.
struct DetectorErrors {
  double relative = 0.0, squares = 0.0, pulls = 0.0;
  int n = 0;

  void Add(const DetectorValue& value, double truth) {
    const double error = value.value / truth - 1.0;
    relative += error;
    squares += error * error;
    pulls += std::pow((value.value - truth) / value.u.value_or(0.0), 2);
    ++n;
  }

  [[nodiscard]] double Bias() const { return relative / n; }
  [[nodiscard]] double Rms() const { return std::sqrt(squares / n); }
  [[nodiscard]] double Pull() const { return std::sqrt(pulls / n); }
};

inline DetectorValue Times(const DetectorValue& value, double factor) {
  return {value.value * factor, value.u.value_or(0.0) * factor};
}

}  // namespace qc_metrics
