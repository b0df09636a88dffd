#include "sop/repeat_study.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace sop {
namespace {

constexpr std::size_t kMinRemounts = 3;
constexpr std::size_t kMinPeople = 2;
constexpr std::size_t kMinDays = 2;

std::optional<RepeatStudyFault> FaultOf(const std::vector<Repeat>& repeats) {
  std::set<std::string> people;
  std::set<std::string> days;
  for (const Repeat& repeat : repeats) {
    if (!repeat.performer.empty()) people.insert(repeat.performer);
    if (!repeat.day.empty()) days.insert(repeat.day);
  }
  if (repeats.size() < kMinRemounts) return RepeatStudyFault::kTooFewRemounts;
  if (people.size() < kMinPeople) return RepeatStudyFault::kTooFewPeople;
  if (days.size() < kMinDays) return RepeatStudyFault::kTooFewDays;
  return std::nullopt;
}

}  // namespace

RepeatStudyResult AnalyseRepeatStudy(const std::vector<Repeat>& repeats) {
  if (const auto fault = FaultOf(repeats)) return {std::nullopt, fault};
  const auto n = static_cast<double>(repeats.size());
  double mean = 0.0;
  double estimate = 0.0;
  for (const Repeat& repeat : repeats) {
    mean += repeat.value / n;
    estimate += repeat.u_estimate * repeat.u_estimate / n;
  }
  // A fraction of a mean means something only for quantities with a true zero.
  if (!std::isfinite(mean) || !std::isfinite(estimate) || mean <= 0.0) {
    return {std::nullopt, RepeatStudyFault::kNotPositive};
  }
  double variance = 0.0;
  for (const Repeat& repeat : repeats) {
    variance += (repeat.value - mean) * (repeat.value - mean) / (n - 1.0);
  }
  const double u = std::sqrt(std::max(variance - estimate, 0.0));
  return {Reproducibility{u / mean, static_cast<int>(repeats.size())}, std::nullopt};
}

}  // namespace sop
