#include "qc_metrics/power_segments.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

namespace qc_metrics {
namespace {

using Key = std::pair<std::optional<double>, std::optional<double>>;

constexpr double kFloor = 1e-5;         // of the group's strong samples: zero and negative readings
constexpr double kLeastContrast = 5.0;  // between the medians of on and off
constexpr double kOffFactor = 3.0;      // a group no brighter than this times "off" is off
constexpr double kGapIntervals = 5.0;   // a longer pause ends a segment
constexpr double kEdgePart = 0.5;       // of the median with the laser on
constexpr double kStrongQuantile = 0.95;
constexpr std::size_t kLevels = 256;

Key KeyOf(const PowerSample& s) { return {s.line_nm, s.setting_percent}; }

double Quantile(std::vector<double> values, double fraction) {
  const auto rank = static_cast<std::size_t>(fraction * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(rank),
                   values.end());
  return values[rank];
}

// What the samples of one line and setting tell about on and off.
struct Group {
  std::vector<double> power_mw;
  double threshold_mw = 0.0;  // on when above
  std::optional<double> off_mw;
  double on_mw = 0.0;  // median with the laser on, where there is an "off" to tell it from
};

// Otsu's threshold on a histogram of log power: the largest variance between two classes.
double OtsuThreshold(const std::vector<double>& log_power) {
  const auto [low, high] = std::minmax_element(log_power.begin(), log_power.end());
  const double width = (*high - *low) / kLevels;
  if (!(width > 0.0)) return *low - 1.0;
  std::vector<double> counts(kLevels, 0.0);
  for (const double value : log_power) {
    ++counts[std::min(kLevels - 1, static_cast<std::size_t>((value - *low) / width))];
  }
  const auto total = static_cast<double>(log_power.size());
  double mean = 0.0;
  for (std::size_t i = 0; i < kLevels; ++i) mean += static_cast<double>(i) * counts[i] / total;
  double best = -1.0;
  double first = 0.0;
  double last = 0.0;
  double weight = 0.0;
  double sum = 0.0;
  for (std::size_t i = 0; i + 1 < kLevels; ++i) {
    weight += counts[i] / total;
    sum += static_cast<double>(i) * counts[i] / total;
    if (weight <= 0.0 || weight >= 1.0) continue;
    const double between = std::pow(mean * weight - sum, 2) / (weight * (1.0 - weight));
    if (between > best * (1.0 + 1e-12)) {
      best = between;
      first = static_cast<double>(i);
    }
    if (between >= best * (1.0 - 1e-12)) last = static_cast<double>(i);
  }
  return *low + width * (0.5 * (first + last) + 1.0);  // the middle of an empty gap
}

struct Switch {
  double threshold_mw = 0.0;
  double on_mw = 0.0;
  double off_mw = 0.0;
};

std::optional<Switch> FindSwitch(const std::vector<double>& power_mw) {
  const double strong = Quantile(power_mw, kStrongQuantile);
  if (!(strong > 0.0)) return std::nullopt;
  std::vector<double> log_power;
  for (const double p : power_mw) log_power.push_back(std::log(std::max(p, kFloor * strong)));
  const double threshold = std::exp(OtsuThreshold(log_power));
  std::vector<double> on;
  std::vector<double> off;
  for (const double p : power_mw) (p > threshold ? on : off).push_back(p);
  if (on.empty() || off.empty()) return std::nullopt;
  const double off_mw = Quantile(off, 0.5);
  const double on_mw = Quantile(on, 0.5);
  if (on_mw < kLeastContrast * off_mw) return std::nullopt;
  return Switch{.threshold_mw = threshold, .on_mw = on_mw, .off_mw = off_mw};
}

void FindThreshold(Group& group) {
  const double strong = Quantile(group.power_mw, kStrongQuantile);
  if (!(strong > 0.0)) {
    group.threshold_mw = strong;
  } else if (const auto found = FindSwitch(group.power_mw)) {
    group.on_mw = found->on_mw;
    group.threshold_mw = found->threshold_mw;
    group.off_mw = found->off_mw;
  }
}

std::map<Key, Group> FindGroups(std::span<const PowerSample> samples) {
  std::map<Key, Group> groups;
  for (const auto& s : samples) groups[KeyOf(s)].power_mw.push_back(s.power_mw);
  std::vector<double> off_levels;
  for (auto& [key, group] : groups) {
    FindThreshold(group);
    if (group.off_mw) off_levels.push_back(*group.off_mw);
  }
  if (off_levels.empty()) return groups;
  const double off_mw = std::max(0.0, Quantile(off_levels, 0.5));
  for (auto& [key, group] : groups) {  // a line that never was switched on looks like one level
    if (!group.off_mw && Quantile(group.power_mw, 0.5) <= kOffFactor * off_mw) {
      group.threshold_mw = Quantile(group.power_mw, 1.0);
    }
  }
  return groups;
}

double MedianInterval(std::span<const PowerSample> samples) {
  std::vector<double> intervals;
  for (std::size_t i = 1; i < samples.size(); ++i) {
    intervals.push_back(samples[i].time_s - samples[i - 1].time_s);
  }
  return intervals.empty() ? 0.0 : Quantile(std::move(intervals), 0.5);
}

// A pulse that was cut by the log's begin, or a switch's glitch: a few samples on their way.
bool IsOnlyEdge(std::span<const PowerSample> samples, const SegmentRange& range, double on_mw,
                const PowerSettings& settings) {
  if (static_cast<std::int64_t>(range.count) > settings.max_edge_samples) return false;
  const auto part = samples.subspan(range.first, range.count);
  return std::all_of(part.begin(), part.end(),
                     [on_mw](const PowerSample& s) { return s.power_mw < kEdgePart * on_mw; });
}

// Where the laser was switched, the meter's answer and the switch itself share a sample.
void DropEdges(std::span<const PowerSample> samples, bool off_before, bool off_after,
               const PowerSettings& settings, SegmentRange& range) {
  std::vector<double> powers;
  for (std::size_t i = 0; i < range.count; ++i) powers.push_back(samples[range.first + i].power_mw);
  // No sample at the median or above is an edge, so that one is always left.
  const double median_mw = Quantile(powers, 0.5);
  const double least_mw = std::min(median_mw, settings.edge_level * median_mw);
  const auto most = settings.max_edge_samples;
  for (std::int64_t k = 0; off_before && k < most; ++k) {
    if (samples[range.first].power_mw >= least_mw) break;
    ++range.first;
    --range.count;
    ++range.edge_samples_dropped;
  }
  for (std::int64_t k = 0; off_after && k < most; ++k) {
    if (samples[range.first + range.count - 1].power_mw >= least_mw) break;
    --range.count;
    ++range.edge_samples_dropped;
  }
}

}  // namespace

std::optional<double> SwitchThreshold(const std::vector<double>& power_mw) {
  const auto found = FindSwitch(power_mw);
  return found ? std::optional(found->threshold_mw) : std::nullopt;
}

Segmentation FindSegments(std::span<const PowerSample> samples, const PowerSettings& settings) {
  const auto groups = FindGroups(samples);
  const double longest_s = kGapIntervals * MedianInterval(samples);
  std::vector<char> on(samples.size());
  Segmentation result;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    on[i] = samples[i].power_mw > groups.at(KeyOf(samples[i])).threshold_mw ? 1 : 0;
    if (on[i] == 0) ++result.off_samples;
  }
  for (std::size_t i = 0; i < samples.size();) {
    if (on[i] == 0) {
      ++i;
      continue;
    }
    std::size_t end = i + 1;
    while (end < samples.size() && on[end] != 0 && KeyOf(samples[end]) == KeyOf(samples[i]) &&
           samples[end].time_s - samples[end - 1].time_s <= longest_s) {
      ++end;
    }
    SegmentRange range{.first = i, .count = end - i, .edge_samples_dropped = 0};
    const double on_mw = groups.at(KeyOf(samples[i])).on_mw;
    i = end;
    if (IsOnlyEdge(samples, range, on_mw, settings)) {
      result.lone_edge_samples += static_cast<std::int64_t>(range.count);
      continue;
    }
    const bool off_before = range.first > 0 && on[range.first - 1] == 0;
    const bool off_after = end < samples.size() && on[end] == 0;
    DropEdges(samples, off_before, off_after, settings, range);
    result.segments.push_back(range);
  }
  return result;
}

}  // namespace qc_metrics
