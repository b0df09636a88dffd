#pragma once

#include <optional>
#include <string_view>

namespace sop {

/// A specification (tolerance) limit, one- or two-sided, in the quantity's unit.
struct ToleranceLimit {
  std::optional<double> lower;
  std::optional<double> upper;
};

/// Acceptance limit = tolerance limit minus the guard band w = r U, with U = k u (ILAC-G8:2019).
struct DecisionRule {
  double guard_band_ratio;       ///< r; 0 is simple acceptance, 1 is ILAC-G8's guard band
  double coverage_factor = 2.0;  ///< k
};

/// Non-binary statement of conformity (ILAC-G8:2019, 4.2.3), worst last.
enum class Outcome { kPass, kConditionalPass, kMethodNotCapable, kConditionalFail, kFail };

[[nodiscard]] std::string_view Name(Outcome outcome);  ///< "pass", "conditional_pass", ...

struct Judgement {
  Outcome outcome;
  std::optional<double> p_conformance;     ///< JCGM 106; absent without u
  std::optional<double> acceptance_lower;  ///< tolerance limit moved inwards by the guard band
  std::optional<double> acceptance_upper;
};

/// Judges one value against one limit.
///
/// Input   `value` finite; `u` a standard uncertainty >= 0, absent when incomplete: then simple
///         acceptance is used whatever the rule says and p_conformance is absent.
/// Method  inside the acceptance limits: pass; between acceptance and tolerance limit: conditional
///         pass; outside by no more than the guard band: conditional fail; beyond: fail. An empty
///         acceptance zone is kMethodNotCapable. Decided on unrounded numbers; bounds belong to the
///         inside. p_c = Phi((TU - y)/u) - Phi((TL - y)/u).
/// Source  JCGM 106:2012, 7; ILAC-G8:09/2019, 4.2.
[[nodiscard]] Judgement Judge(double value, std::optional<double> u, const ToleranceLimit& limit,
                              const DecisionRule& rule);

}  // namespace sop
