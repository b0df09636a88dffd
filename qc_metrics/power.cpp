#include "qc_metrics/power.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "qc_metrics/power_linearity.h"
#include "qc_metrics/power_segments.h"

namespace qc_metrics {
namespace {

constexpr std::size_t kMostSamples = 10'000'000;
constexpr double kSecondsPerHour = 3600.0;
constexpr std::size_t kLeastPulses = 3;
constexpr double kExtremeSd = 1.2825498301618641;  // of Gumbel's distribution, pi / sqrt(6)

// SD of the largest of n normal values, by the limit law; 3 % off at n = 20, less above.
double ExtremeSd(double sd, double n) { return sd * kExtremeSd / std::sqrt(2.0 * std::log(n)); }

double MedianInterval(std::span<const PowerSample> samples) {
  std::vector<double> intervals;
  for (std::size_t i = 1; i < samples.size(); ++i) {
    intervals.push_back(samples[i].time_s - samples[i - 1].time_s);
  }
  if (intervals.empty()) return 0.0;
  const auto middle = intervals.begin() + static_cast<std::ptrdiff_t>(intervals.size() / 2);
  std::nth_element(intervals.begin(), middle, intervals.end());
  return *middle;
}

PowerSeriesKind KindOf(const PowerSegment& segment) {
  const double duration_s = segment.end_s - segment.start_s + segment.interval_s;
  const auto within = [](double value, double low, double high) {
    return value >= low && value <= high;
  };
  if (within(segment.interval_s, 0.8, 1.25) && within(duration_s, 285.0, 330.0)) {
    return PowerSeriesKind::kShort;
  }
  if (within(segment.interval_s, 24.0, 37.5) && within(duration_s, 6840.0, 7920.0)) {
    return PowerSeriesKind::kLong;
  }
  return PowerSeriesKind::kOther;
}

void FillTraceValues(const PowerSettings& settings, PowerSegment& segment) {
  const TraceModel& trace = *segment.trace;
  const double mean = segment.mean_mw;
  const auto n = static_cast<double>(segment.samples);
  segment.noise = {.value = trace.noise.sd / mean, .u = trace.noise_u_mw / mean};
  segment.sd_over_mean = {.value = segment.sd_mw / mean, .u = *segment.sd_u_mw / mean};
  segment.extreme_u_mw = ExtremeSd(trace.noise.sd, n);
  const double sum = segment.max_mw + segment.min_mw;
  // d/dmax and d/dmin of (max - min) / (max + min) are 2 min / sum^2 and 2 max / sum^2.
  segment.stability = {
      .value = 1.0 - (segment.max_mw - segment.min_mw) / sum,
      .u = 2.0 * std::hypot(segment.min_mw, segment.max_mw) / (sum * sum) * *segment.extreme_u_mw};
  if (!segment.searched) return;
  segment.drift_per_h = {.value = trace.slope_mw_per_s * kSecondsPerHour / mean,
                         .u = trace.slope_u_mw_per_s * kSecondsPerHour / mean};
  if (!trace.settling) {
    if (trace.noise.sd < settings.settled_band * mean) segment.settling_s = PowerValue{};
  } else if (trace.settling->time_s > segment.end_s - segment.start_s) {
    segment.still_settling = true;
  } else {
    segment.settling_s = {.value = trace.settling->time_s, .u = trace.settling->time_u_s};
  }
}

void FillTrace(std::span<const PowerSample> samples, const PowerSettings& settings,
               PowerSegment& segment) {
  if (samples.size() < 3) return;
  std::vector<double> times_s;
  std::vector<double> power_mw;
  for (const auto& s : samples) {
    times_s.push_back(s.time_s);
    power_mw.push_back(s.power_mw);
  }
  const bool all = segment.samples >= settings.min_drift_samples &&
                   segment.end_s - segment.start_s >= settings.min_drift_duration_s;
  const TraceModel trace = TakeApart(times_s, power_mw, all ? TraceParts::kAll : TraceParts::kLine,
                                     settings.settled_band);
  segment.mean_u_mw = trace.mean_u_mw;
  if (segment.samples < settings.min_stability_samples || !(segment.mean_mw > 0.0) ||
      !(segment.min_mw + segment.max_mw > 0.0)) {
    return;
  }
  const double r2 = trace.noise.lag1 * trace.noise.lag1;
  segment.sd_u_mw = segment.sd_mw * std::sqrt((1.0 + r2) / (1.0 - r2) /
                                              (2.0 * static_cast<double>(segment.samples - 1)));
  segment.trace = trace;
  segment.searched = all;
  FillTraceValues(settings, segment);
}

PowerSegment Summarise(std::span<const PowerSample> used, const PowerSettings& settings) {
  PowerSegment segment;
  segment.line_nm = used.front().line_nm;
  segment.setting_percent = used.front().setting_percent;
  segment.start_s = used.front().time_s;
  segment.end_s = used.back().time_s;
  segment.interval_s = MedianInterval(used);
  segment.samples = static_cast<std::int64_t>(used.size());
  const auto weaker = [](const PowerSample& a, const PowerSample& b) {
    return a.power_mw < b.power_mw;
  };
  const auto [low, high] = std::minmax_element(used.begin(), used.end(), weaker);
  segment.min_mw = low->power_mw;
  segment.max_mw = high->power_mw;
  const auto n = static_cast<double>(used.size());
  for (const auto& s : used) segment.mean_mw += s.power_mw / n;
  double square = 0.0;
  for (const auto& s : used) square += std::pow(s.power_mw - segment.mean_mw, 2);
  segment.sd_mw = used.size() > 1 ? std::sqrt(square / (n - 1.0)) : 0.0;
  segment.kind = KindOf(segment);
  FillTrace(used, settings, segment);
  return segment;
}

// Pulses of one line and setting, as one series of their means.
std::optional<PowerPulses> Pulses(const std::vector<PowerSegment>& segments,
                                  const std::vector<std::size_t>& members,
                                  const PowerSettings& settings) {
  if (members.size() < kLeastPulses) return std::nullopt;
  PowerPulses pulses;
  std::vector<PowerSample> means;
  for (const std::size_t i : members) {
    const PowerSegment& segment = segments[i];
    pulses.segments.push_back(segment.number);
    means.push_back({.time_s = 0.5 * (segment.start_s + segment.end_s),
                     .power_mw = segment.mean_mw,
                     .line_nm = segment.line_nm,
                     .setting_percent = segment.setting_percent,
                     .temperature_c = std::nullopt});
  }
  pulses.series = Summarise(means, settings);
  if (!(pulses.series.mean_mw > 0.0)) return std::nullopt;
  const double ratio = pulses.series.sd_mw / pulses.series.mean_mw;
  const auto freedom = static_cast<double>(members.size() - 1);
  pulses.repeatability = {.value = ratio, .u = ratio / std::sqrt(2.0 * freedom)};
  return pulses;
}

void FillPulses(const PowerSettings& settings, Power& power) {
  std::map<std::pair<std::optional<double>, std::optional<double>>, std::vector<std::size_t>>
      groups;
  for (std::size_t i = 0; i < power.segments.size(); ++i) {
    const PowerSegment& segment = power.segments[i];
    groups[{segment.line_nm, segment.setting_percent}].push_back(i);
  }
  for (const auto& [key, members] : groups) {
    if (auto pulses = Pulses(power.segments, members, settings)) {
      power.pulses.push_back(std::move(*pulses));
    }
  }
}

std::optional<Fault> FindFault(std::span<const PowerSample> samples) {
  if (samples.empty()) return Fault::kTooFew;
  if (samples.size() > kMostSamples) return Fault::kUnsupportedFormat;
  for (const auto& s : samples) {
    if (!std::isfinite(s.time_s) || !std::isfinite(s.power_mw)) return Fault::kNotFinite;
  }
  for (std::size_t i = 1; i < samples.size(); ++i) {
    if (!(samples[i].time_s > samples[i - 1].time_s)) return Fault::kUnsupportedFormat;
  }
  return std::nullopt;
}

}  // namespace

Measured<Power> MeasurePower(std::span<const PowerSample> samples, const PowerSettings& settings) {
  if (const auto fault = FindFault(samples)) return *fault;
  const Segmentation segmentation = FindSegments(samples, settings);
  if (segmentation.segments.empty()) return Fault::kNoSignal;
  Power power;
  power.samples = static_cast<std::int64_t>(samples.size());
  power.off_samples = segmentation.off_samples;
  power.edge_samples = segmentation.lone_edge_samples;
  for (const auto& range : segmentation.segments) {
    power.segments.push_back(Summarise(samples.subspan(range.first, range.count), settings));
    power.segments.back().first_sample = range.first;
    power.segments.back().edge_samples_dropped = range.edge_samples_dropped;
    power.segments.back().number = static_cast<std::int64_t>(power.segments.size());
    power.edge_samples += range.edge_samples_dropped;
  }
  FillPulses(settings, power);
  power.linearity = MeasureLinearity(power.segments);
  return power;
}

}  // namespace qc_metrics
