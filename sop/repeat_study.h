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

/// One of the two parts is 0.
struct Reproducibility {
  double relative_u;  ///< as a fraction of the value: what has a true zero, like a width or a power
  double absolute_u;  ///< in the quantity's unit: what lies about zero, like a shift or a tilt
  int n;
};

enum class RepeatStudyFault { kTooFewRemounts, kTooFewPeople, kTooFewDays, kNotFinite };

struct RepeatStudyResult {
  std::optional<Reproducibility> reproducibility;
  std::optional<RepeatStudyFault> fault;
};

/// The reproducibility part of uncertainty from at least 3 remounts, 2 people and 2 days.
/// Method  sample variance of the values minus the mean squared estimate part (which is counted
///         apart and must not be counted twice), floored at 0. As a fraction of the mean where this
///         lies more than 5 sample SDs from zero, so that it holds for other powers and widths of
///         the configuration too; else in the unit itself, for a fraction of next to nothing means
///         nothing.
/// Limits  a shift far from zero is taken for a quantity that has a zero: its part shrinks with it.
[[nodiscard]] RepeatStudyResult AnalyseRepeatStudy(const std::vector<Repeat>& repeats);

}  // namespace sop
