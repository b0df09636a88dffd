#include "sop/repeat_study.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace sop {
namespace {

constexpr std::size_t kMinRemounts = 3;
constexpr std::size_t kMinPeople = 2;
constexpr std::size_t kMinDays = 2;
constexpr double kClearOfZero = 5.0;  // sample SDs

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
  if (!std::isfinite(mean) || !std::isfinite(estimate)) {
    return {std::nullopt, RepeatStudyFault::kNotFinite};
  }
  double variance = 0.0;
  for (const Repeat& repeat : repeats) {
    variance += (repeat.value - mean) * (repeat.value - mean) / (n - 1.0);
  }
  const double u = std::sqrt(std::max(variance - estimate, 0.0));
  Reproducibility found{0.0, 0.0, static_cast<int>(repeats.size())};
  if (std::abs(mean) > kClearOfZero * std::sqrt(variance)) {
    found.relative_u = u / std::abs(mean);
  } else {
    found.absolute_u = u;
  }
  return {found, std::nullopt};
}

}  // namespace sop
