#include "qc_metrics/power_step_places.h"

#include <algorithm>
#include <cmath>

namespace qc_metrics {

void PlaceSteps(std::span<const double> times_s, std::span<const double> power_mw,
                const std::vector<std::size_t>& kept, std::size_t samples_a_bin,
                TraceModel& model) {
  const std::vector<TraceStep> coarse = model.steps;
  for (std::size_t s = 0; s < coarse.size(); ++s) {
    TraceModel without = model;
    without.steps.erase(without.steps.begin() + static_cast<std::ptrdiff_t>(s));
    const auto middle = static_cast<std::size_t>(
        std::lower_bound(kept.begin(), kept.end(), coarse[s].time_s,
                         [&](std::size_t i, double t) { return times_s[i] < t; }) -
        kept.begin());
    const std::size_t reach = 3 * samples_a_bin;
    const std::size_t begin = middle > reach ? middle - reach : 0;
    const std::size_t end = std::min(kept.size(), middle + reach);
    // Cost of a step at each sample: what its height leaves after it, and nothing before it.
    std::vector<double> cost(end - begin + 1);
    double square = 0.0;
    for (std::size_t i = begin; i < end; ++i) {
      const double rest = power_mw[kept[i]] - without.PowerAt(times_s[kept[i]]);
      const double after = rest - coarse[s].height_mw;
      cost[i - begin + 1] = cost[i - begin] + rest * rest - after * after;
      square += std::min(rest * rest, after * after);
    }
    const auto best =
        static_cast<std::size_t>(std::min_element(cost.begin(), cost.end()) - cost.begin());
    if (best == 0 || begin + best >= kept.size()) continue;
    const double variance = square / static_cast<double>(end - begin);
    double sum = 0.0;
    double second = 0.0;
    for (std::size_t k = 0; k < cost.size(); ++k) {
      const double weight = std::exp(-0.5 * (cost[k] - cost[best]) / variance);
      sum += weight;
      second += weight * std::pow(static_cast<double>(k) - static_cast<double>(best), 2);
    }
    const double before_s = times_s[kept[begin + best - 1]];
    const double after_s = times_s[kept[begin + best]];
    model.steps[s].time_s = 0.5 * (before_s + after_s);
    model.steps[s].time_u_s = (after_s - before_s) * std::sqrt(1.0 / 12.0 + second / sum);
  }
}

}  // namespace qc_metrics
