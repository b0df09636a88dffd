#include "qc_metrics/power.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "qc_metrics/power_segments.h"

namespace qc_metrics {
namespace {

constexpr std::size_t kMostSamples = 10'000'000;
constexpr double kSecondsPerHour = 3600.0;
constexpr std::int64_t kLeastSetPoints = 3;
constexpr double kMaxLag1 = 0.95;

// Straight line through power against time, about the mean time.
struct Trend {
  double mean_mw = 0.0;
  double slope_mw_per_s = 0.0;
  double time_square_s2 = 0.0;       // sum of squared deviations of time
  double residual_square_mw2 = 0.0;  // residual variance, n - 2 degrees of freedom
  double lag1 = 0.0;
};

// Kendall's correction: a fitted line takes away about (2 + 4 r) / n of the autocorrelation.
double UnbiasedLag1(double lag1, double n) {
  if (n < 8.0) return 0.0;
  return std::clamp((lag1 * n + 2.0) / (n - 4.0), 0.0, kMaxLag1);
}

// How much the variance of a mean or of a slope grows when neighbours resemble each other.
double Inflation(double lag1) { return (1.0 + lag1) / (1.0 - lag1); }

Trend FitTrend(std::span<const PowerSample> samples) {
  const auto n = static_cast<double>(samples.size());
  Trend trend;
  double mean_time = 0.0;
  for (const auto& s : samples) {
    trend.mean_mw += s.power_mw / n;
    mean_time += s.time_s / n;
  }
  double product = 0.0;
  for (const auto& s : samples) {
    trend.time_square_s2 += (s.time_s - mean_time) * (s.time_s - mean_time);
    product += (s.time_s - mean_time) * (s.power_mw - trend.mean_mw);
  }
  if (trend.time_square_s2 > 0.0) trend.slope_mw_per_s = product / trend.time_square_s2;
  double square = 0.0;
  double lagged = 0.0;
  double last = 0.0;
  for (const auto& s : samples) {
    const double residual =
        s.power_mw - trend.mean_mw - trend.slope_mw_per_s * (s.time_s - mean_time);
    square += residual * residual;
    lagged += residual * last;
    last = residual;
  }
  trend.lag1 = UnbiasedLag1(square > 0.0 ? lagged / square : 0.0, n);
  // A line takes two degrees of freedom, and more where neighbours resemble each other.
  const double taken = std::min(2.0 * Inflation(trend.lag1), 0.5 * n);
  trend.residual_square_mw2 = n > 2.0 ? square / (n - taken) : 0.0;
  return trend;
}

void FillTrend(std::span<const PowerSample> samples, const PowerSettings& settings,
               PowerSegment& segment) {
  const auto n = static_cast<double>(samples.size());
  if (samples.size() < 3) return;
  const Trend trend = FitTrend(samples);
  segment.lag1 = trend.lag1;
  const double inflation = Inflation(trend.lag1);
  segment.mean_u_mw = std::sqrt(trend.residual_square_mw2 * inflation / n);
  if (segment.samples < settings.min_stability_samples || !(segment.mean_mw > 0.0)) return;
  segment.stability = 1.0 - (segment.max_mw - segment.min_mw) / (segment.max_mw + segment.min_mw);
  segment.noise = std::sqrt(trend.residual_square_mw2) / segment.mean_mw;
  // A variance's own uncertainty grows with (1 + r^2) / (1 - r^2), not with (1 + r) / (1 - r).
  const double r2 = trend.lag1 * trend.lag1;
  segment.noise_u = *segment.noise * std::sqrt((1.0 + r2) / (1.0 - r2) / (2.0 * (n - 2.0)));
  if (segment.samples < settings.min_drift_samples ||
      segment.end_s - segment.start_s < settings.min_drift_duration_s) {
    return;
  }
  segment.drift_per_h = trend.slope_mw_per_s * kSecondsPerHour / segment.mean_mw;
  segment.drift_u_per_h = std::sqrt(trend.residual_square_mw2 * inflation / trend.time_square_s2) *
                          kSecondsPerHour / segment.mean_mw;
}

PowerSegment Summarise(std::span<const PowerSample> samples, const SegmentRange& range,
                       const PowerSettings& settings) {
  const auto used = samples.subspan(range.first, range.count);
  PowerSegment segment;
  segment.line_nm = used.front().line_nm;
  segment.setting_percent = used.front().setting_percent;
  segment.start_s = used.front().time_s;
  segment.end_s = used.back().time_s;
  segment.samples = static_cast<std::int64_t>(used.size());
  segment.edge_samples_dropped = range.edge_samples_dropped;
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
  FillTrend(used, settings, segment);
  return segment;
}

struct SetPoint {
  double setting = 0.0, mean_mw = 0.0, variance_mw2 = 0.0;
};

std::vector<SetPoint> SetPoints(const std::vector<PowerSegment>& segments,
                                std::optional<double> line_nm) {
  std::map<double, std::vector<const PowerSegment*>> by_setting;
  for (const auto& segment : segments) {
    if (segment.line_nm == line_nm && segment.setting_percent) {
      by_setting[*segment.setting_percent].push_back(&segment);
    }
  }
  std::vector<SetPoint> points;
  for (const auto& [setting, members] : by_setting) {
    SetPoint point{.setting = setting};
    const auto n = static_cast<double>(members.size());
    for (const auto* segment : members) {
      point.mean_mw += segment->mean_mw / n;
      point.variance_mw2 += std::pow(segment->mean_u_mw.value_or(0.0) / n, 2);
    }
    points.push_back(point);
  }
  return points;
}

std::optional<PowerLinearity> Linearity(const std::vector<PowerSegment>& segments,
                                        std::optional<double> line_nm) {
  const auto points = SetPoints(segments, line_nm);
  const auto n = static_cast<double>(points.size());
  if (static_cast<std::int64_t>(points.size()) < kLeastSetPoints) return std::nullopt;
  double mean_x = 0.0, mean_y = 0.0;
  for (const auto& p : points) {
    mean_x += p.setting / n;
    mean_y += p.mean_mw / n;
  }
  double xx = 0.0, xy = 0.0, yy = 0.0, largest = 0.0;
  for (const auto& p : points) {
    xx += (p.setting - mean_x) * (p.setting - mean_x);
    xy += (p.setting - mean_x) * (p.mean_mw - mean_y);
    yy += (p.mean_mw - mean_y) * (p.mean_mw - mean_y);
    largest = std::max(largest, p.mean_mw);
  }
  if (!(yy > 0.0) || !(largest > 0.0)) return std::nullopt;
  PowerLinearity result;
  result.line_nm = line_nm;
  result.set_points = static_cast<std::int64_t>(points.size());
  double squares = 0.0;
  for (const auto& p : points) {
    const double residual = p.mean_mw - mean_y - xy / xx * (p.setting - mean_x);
    squares += residual * residual;
    if (std::abs(residual) / largest < result.worst_deviation) continue;
    result.worst_deviation = std::abs(residual) / largest;
    // Of this residual alone: (1 - h) of its own mean's variance, h the point's leverage.
    const double leverage = 1.0 / n + std::pow(p.setting - mean_x, 2) / xx;
    result.worst_deviation_u = std::sqrt(p.variance_mw2 * std::max(0.0, 1.0 - leverage)) / largest;
  }
  result.r2 = 1.0 - squares / yy;
  return result;
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
    power.segments.push_back(Summarise(samples, range, settings));
    power.segments.back().number = static_cast<std::int64_t>(power.segments.size());
    power.edge_samples += range.edge_samples_dropped;
  }
  std::vector<std::optional<double>> lines;
  for (const auto& segment : power.segments) {
    if (std::find(lines.begin(), lines.end(), segment.line_nm) == lines.end()) {
      lines.push_back(segment.line_nm);
    }
  }
  for (const auto& line : lines) {
    if (auto linearity = Linearity(power.segments, line)) power.linearity.push_back(*linearity);
  }
  return power;
}

}  // namespace qc_metrics
