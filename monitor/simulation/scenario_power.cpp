#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>

#include "monitor/simulation/power_trace.h"
#include "monitor/simulation/random.h"
#include "monitor/simulation/scenario_image.h"

namespace monitor::simulation {
namespace {

constexpr auto kNumber = ScenarioKeyKind::kNumber;

constexpr std::array<ScenarioKey, 18> kKeys = {{
    {"log", ScenarioKeyKind::kWord, "smartlpm", "whose log is written", 0, 0,
     "smartlpm|thorlabs|csv"},
    {"line_nm", kNumber, "488", "laser line", 200, 2000},
    {"settings", ScenarioKeyKind::kNumbers, "30", "percent of full power, one segment each", 0,
     100},
    {"full_power_mw", kNumber, "10", "at 100 percent, mW", 1e-6, 1e5},
    {"curve", kNumber, "0", "quadratic part of the setting curve, of full scale", -0.9, 0.9},
    {"on_s", kNumber, "300", "length of a segment, s", 1, 1e6},
    {"off_s", kNumber, "10", "laser off behind each segment, s", 0, 1e6},
    {"interval_s", kNumber, "1", "between samples, s", 0.001, 3600},
    {"drift_per_h", kNumber, "0.004", "relative, of the first sample", -1, 1},
    {"noise", kNumber, "0.0025", "relative SD", 0, 0.5},
    {"noise_lag1", kNumber, "0.3", "correlation of neighbouring samples", -0.9, 0.95},
    {"warm_up", kNumber, "0", "part of the power that is missing at first", 0, 1},
    {"warm_up_tau_s", kNumber, "600", "how fast it comes, s", 1, 1e6},
    {"meter_tau_s", kNumber, "0", "answer time of the meter, s", 0, 1e3},
    {"dark_mw", kNumber, "0.00002", "what the meter shows without light, mW", 0, 1},
    {"outliers", ScenarioKeyKind::kWhole, "0", "samples of each segment that are a fifth too low",
     0, 1000},
    {"step", kNumber, "0", "relative jump of the power half-way through each segment", -0.5, 0.5},
    {"acquired_at", ScenarioKeyKind::kText, "2026-01-05T09:00:00Z", "of the first sample"},
}};

std::chrono::sys_time<std::chrono::milliseconds> StartOf(const std::string& text) {
  int y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0;
  if (std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%2dZ", &y, &mo, &d, &h, &mi, &s) != 6 ||
      text.size() != 20) {
    throw ScenarioError("key 'acquired_at' takes a time such as 2026-01-05T09:00:00Z, not '" +
                        text.substr(0, 80) + "'");
  }
  const std::chrono::year_month_day day{std::chrono::year(y),
                                        std::chrono::month(static_cast<unsigned>(mo)),
                                        std::chrono::day(static_cast<unsigned>(d))};
  if (!day.ok()) throw ScenarioError("key 'acquired_at' names a day that is none");
  return std::chrono::sys_days(day) + std::chrono::hours(h) + std::chrono::minutes(mi) +
         std::chrono::seconds(s);
}

/// The parts of a time that the makers' logs write.
struct Clock {
  int year, month, day, hour, minute, second, millisecond;
};

Clock ClockAt(std::chrono::sys_time<std::chrono::milliseconds> at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(at - day);
  return {static_cast<int>(date.year()),
          static_cast<int>(static_cast<unsigned>(date.month())),
          static_cast<int>(static_cast<unsigned>(date.day())),
          static_cast<int>(time.hours().count()),
          static_cast<int>(time.minutes().count()),
          static_cast<int>(time.seconds().count()),
          static_cast<int>(time.subseconds().count())};
}

std::string Line(const std::string& maker, int number, const Clock& c, const PowerReading& r) {
  std::array<char, 200> text{};
  if (maker == "smartlpm") {
    std::snprintf(text.data(), text.size(), "%04d-%02d-%02d %02d:%02d:%02d.%03d\t%g\t%g\t%.9g\n",
                  c.year, c.month, c.day, c.hour, c.minute, c.second, c.millisecond, r.line_nm,
                  r.setting_percent, r.power_mw);
  } else if (maker == "thorlabs") {
    std::snprintf(text.data(), text.size(), "%d ,%02d/%02d/%04d ,%02d:%02d:%02d.%03d ,%.9E , \r\n",
                  number, c.month, c.day, c.year, c.hour, c.minute, c.second, c.millisecond,
                  1e-3 * r.power_mw);
  } else {
    std::snprintf(text.data(), text.size(), "%.6f,%g,%g,%.9g\n", r.time_s, r.line_nm,
                  r.setting_percent, r.power_mw);
  }
  return text.data();
}

std::string Head(const std::string& maker, double line_nm) {
  if (maker == "smartlpm") {
    return "timestamp\twavelength[nm]\tsetting[%]\tpower[mW]\ttemperature[C]\n";
  }
  if (maker == "csv") return "time_s,line_nm,setting_percent,power_mw\n";
  return "Thorlabs Optical Power Monitor\r\nSensor S/N:,SIMULATED\r\nWavelength: " +
         NumberText(line_nm) +
         " nm\r\nSamples ,Date (MM/dd/yyyy) ,Time of day (hh:mm:ss) ,Power (W) , \r\n";
}

PowerScene SceneOf(const ScenarioSettings& s, std::uint64_t seed) {
  PowerScene scene;
  scene.steps.clear();
  for (const double setting : s.Numbers("settings")) {
    scene.steps.push_back({.line_nm = s.Number("line_nm"),
                           .setting_percent = setting,
                           .on_s = s.Number("on_s"),
                           .off_s = s.Number("off_s")});
  }
  scene.interval_s = s.Number("interval_s");
  scene.full_power_mw = s.Number("full_power_mw");
  scene.curve = s.Number("curve");
  scene.drift_per_h = s.Number("drift_per_h");
  scene.relative_noise = s.Number("noise");
  scene.noise_lag1 = s.Number("noise_lag1");
  scene.warm_up = s.Number("warm_up");
  scene.warm_up_tau_s = s.Number("warm_up_tau_s");
  scene.meter_tau_s = s.Number("meter_tau_s");
  scene.dark_mw = s.Number("dark_mw");
  scene.meter_floor_mw = std::min(1e-5, 1e-6 * scene.full_power_mw);
  scene.seed = seed;
  double start = 0.0;
  Random random(seed ^ 0x07115U);
  for (const PowerStep& step : scene.steps) {
    // Each segment has its own jump: the light is back at its level when the next one begins.
    if (s.Number("step") != 0.0) {
      const double middle =
          start + std::floor(0.5 * step.on_s / scene.interval_s) * scene.interval_s;
      scene.level_steps.push_back({middle, s.Number("step")});
      scene.level_steps.push_back({start + step.on_s, -s.Number("step")});
    }
    for (int i = 0; i < s.Whole("outliers"); ++i) {
      scene.outliers.push_back({start + random.Uniform(0.1, 0.9) * step.on_s, -0.2});
    }
    start += step.on_s + step.off_s;
  }
  return scene;
}

/// Sums of the light without noise over the samples of one segment.
struct SegmentSums {
  double n = 0.0, t = 0.0, p = 0.0, tt = 0.0, tp = 0.0;

  void Add(double time_s, double power_mw) {
    n += 1.0;
    t += time_s;
    p += power_mw;
    tt += time_s * time_s;
    tp += time_s * power_mw;
  }
  [[nodiscard]] double Mean() const { return p / n; }
  [[nodiscard]] double Slope() const { return (tp - t * p / n) / (tt - t * t / n); }
};

/// Mean power, and the straight-line drift where nothing else changes the light.
std::vector<TrueQuantity> Truth(const ScenarioSettings& settings, const PowerScene& scene) {
  const double outliers = 0.2 * settings.Number("outliers");
  const bool steady = scene.level_steps.empty() && scene.warm_up == 0.0;
  std::vector<TrueQuantity> all;
  double start = 0.0;
  for (std::size_t k = 0; k < scene.steps.size(); ++k) {
    const PowerStep& step = scene.steps[k];
    SegmentSums sums;
    for (double t = scene.interval_s * std::ceil(start / scene.interval_s - 1e-9);
         t < start + step.on_s - 1e-9; t += scene.interval_s) {
      sums.Add(t, TruePower(scene, step.setting_percent, t) + scene.dark_mw);
    }
    start += step.on_s + step.off_s;
    if (sums.n < 2.0) continue;
    std::vector<std::pair<std::string, Qualifier>> of;
    if (settings.Text("log") != "thorlabs") {  // whose log knows neither
      of = {{"line_nm", step.line_nm}, {"setting_percent", step.setting_percent}};
    }
    of.emplace_back("segment", static_cast<double>(k + 1));
    const double mean = sums.Mean();
    all.push_back({.id = "power.mean",
                   .unit = "mW",
                   .value = mean,
                   .tolerance = outliers / sums.n * mean,
                   .of = of});
    if (sums.n < 60.0 || !steady) continue;
    all.push_back(
        {.id = "power.drift", .unit = "1/h", .value = 3600.0 * sums.Slope() / mean, .of = of});
  }
  return all;
}

/// Jumps and outliers, where they happen.
std::vector<TrueObject> Events(const ScenarioSettings& settings, const PowerScene& scene) {
  std::vector<TrueObject> all;
  const auto add = [&](const char* kind, double time_s, double relative) {
    all.push_back(
        {.kind = kind,
         .quantities = {
             {.id = std::string("power.") + kind + ".time",
              .unit = "s",
              .value = time_s,
              .tolerance = scene.interval_s},
             {.id = std::string("power.") + kind + ".height", .unit = "1", .value = relative}}});
  };
  if (settings.Number("step") != 0.0) {
    for (std::size_t i = 0; i < scene.level_steps.size(); i += 2) {
      add("step", scene.level_steps[i].time_s, scene.level_steps[i].relative);
    }
  }
  for (const PowerEvent& outlier : scene.outliers) add("outlier", outlier.time_s, outlier.relative);
  return all;
}

Simulated Run(const ScenarioSettings& settings, const std::string& output, std::uint64_t seed) {
  const PowerScene scene = SceneOf(settings, seed);
  const std::vector<PowerReading> readings = RenderPowerTrace(scene);
  const auto begin = StartOf(settings.Text("acquired_at"));
  const std::string& maker = settings.Text("log");
  std::ofstream file(output, std::ios::binary);
  file << Head(maker, settings.Number("line_nm"));
  int number = 0;
  for (const PowerReading& reading : readings) {
    const auto at = begin + std::chrono::milliseconds(std::llround(1000.0 * reading.time_s));
    file << Line(maker, ++number, ClockAt(at), reading);
  }
  if (!file.flush()) throw WriteError("could not write " + output + ": is the disk full?");
  return {{output}, Truth(settings, scene), Events(settings, scene), {"power", FileName(output)}};
}

}  // namespace

const Scenario& PowerScenario() {
  static constexpr Scenario kScenario{
      "power", "a laser's power as a meter logs it",
      "power --output laser.csv --set settings=10,50,100 --set drift_per_h=0.02", kKeys, Run};
  return kScenario;
}

}  // namespace monitor::simulation
