#pragma once

#include <optional>
#include <string>
#include <vector>

namespace sop {

/// One repeat of a repeat study: the artefact was taken off and put back, by a person, on a day.
struct Repeat {
  double value;       ///< in the quantity's unit
  double u_estimate;  ///< estimate part of this value's standard uncertainty; 0 where unknown
  std::string performer;
  std::string day;  ///< ISO 8601 local date
};

struct Reproducibility {
  double relative_u;  ///< standard uncertainty as a fraction of the mean
  int n;
};

enum class RepeatStudyFault { kTooFewRemounts, kTooFewPeople, kTooFewDays, kNotPositive };

struct RepeatStudyResult {
  std::optional<Reproducibility> reproducibility;
  std::optional<RepeatStudyFault> fault;
};

/// The reproducibility part of uncertainty from at least 3 remounts, 2 people and 2 days.
/// Method  sample variance of the values minus the mean squared estimate part (which is counted
/// apart
///         and must not be counted twice), floored at 0; relative to the mean.
[[nodiscard]] RepeatStudyResult AnalyseRepeatStudy(const std::vector<Repeat>& repeats);

}  // namespace sop
