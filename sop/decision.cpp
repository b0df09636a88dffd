#include "sop/decision.h"

#include <cassert>
#include <cmath>
#include <limits>

namespace sop {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Standard normal distribution function; erfc keeps its digits in the lower tail.
double Phi(double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }

double Conformance(double value, double u, const ToleranceLimit& limit) {
  const double lower = limit.lower.value_or(-kInfinity);
  const double upper = limit.upper.value_or(kInfinity);
  if (u == 0.0) return value >= lower && value <= upper ? 1.0 : 0.0;
  const double from = (lower - value) / u;
  const double to = (upper - value) / u;
  // Above both bounds the mirrored difference avoids subtracting two numbers close to one.
  return from > 0.0 ? Phi(-from) - Phi(-to) : Phi(to) - Phi(from);
}

bool Inside(double value, const std::optional<double>& lower, const std::optional<double>& upper,
            double margin) {
  return (!lower || value >= *lower - margin) && (!upper || value <= *upper + margin);
}

}  // namespace

std::string_view Name(Outcome outcome) {
  switch (outcome) {
    case Outcome::kPass:
      return "pass";
    case Outcome::kConditionalPass:
      return "conditional_pass";
    case Outcome::kMethodNotCapable:
      return "method_not_capable";
    case Outcome::kConditionalFail:
      return "conditional_fail";
    case Outcome::kFail:
      return "fail";
  }
  return "unknown";  // unreachable for a valid enumerator; -Wswitch guards the list above
}

Judgement Judge(double value, std::optional<double> u, const ToleranceLimit& limit,
                const DecisionRule& rule) {
  assert(std::isfinite(value));
  assert(!u || (std::isfinite(*u) && *u >= 0.0));
  const double guard = u ? rule.guard_band_ratio * rule.coverage_factor * *u : 0.0;
  Judgement judgement{Outcome::kFail, std::nullopt, std::nullopt, std::nullopt};
  if (u) judgement.p_conformance = Conformance(value, *u, limit);
  if (limit.lower) judgement.acceptance_lower = *limit.lower + guard;
  if (limit.upper) judgement.acceptance_upper = *limit.upper - guard;

  const auto& from = judgement.acceptance_lower;
  const auto& to = judgement.acceptance_upper;
  if (from && to && *from > *to) {
    judgement.outcome = Outcome::kMethodNotCapable;
  } else if (Inside(value, from, to, 0.0)) {
    judgement.outcome = Outcome::kPass;
  } else if (Inside(value, limit.lower, limit.upper, 0.0)) {
    judgement.outcome = Outcome::kConditionalPass;
  } else if (Inside(value, limit.lower, limit.upper, guard) && guard > 0.0) {
    judgement.outcome = Outcome::kConditionalFail;
  }
  return judgement;
}

}  // namespace sop
