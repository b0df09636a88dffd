#include "sop/judging.h"

#include <algorithm>
#include <cmath>

namespace sop {
namespace {

bool IsLeadingPart(const std::string& part, const std::string& id) {
  return id == part || (id.starts_with(part) && id[part.size()] == '.');
}

bool IsInForce(const LimitRow& row, const JudgingRules& rules) {
  const std::string* pinned = PinnedDefinition(rules.definitions, row.quantity);
  return (row.action.lower || row.action.upper) && (!pinned || *pinned == row.definition);
}

bool Applies(const LimitRow& row, const MeasuredQuantity& quantity) {
  return row.quantity == quantity.id && row.definition == quantity.definition &&
         row.comparator == quantity.comparator &&
         (row.channel.empty() || row.channel == quantity.channel);
}

std::optional<std::size_t> FindLimit(const MeasuredQuantity& quantity, const JudgingRules& rules,
                                     const std::vector<LimitRow>& limits) {
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < limits.size(); ++i) {
    if (!IsInForce(limits[i], rules) || !Applies(limits[i], quantity)) continue;
    if (!found || (limits[*found].channel.empty() && !limits[i].channel.empty())) found = i;
  }
  return found;
}

bool IsLength(const std::string& unit) { return unit == "um" || unit == "nm"; }
bool NeedsReference(const std::string& unit) { return IsLength(unit) || unit == "mW"; }

/// A guard band is made of uncertainty: a rule that has one asks for it.
bool RequiresUncertainty(const JudgingRules& rules) {
  return rules.requires_uncertainty || rules.decision_rule.guard_band_ratio > 0.0;
}

void AddUncertainty(const MeasuredQuantity& quantity, const JudgingContext& context,
                    JudgedQuantity& judged) {
  judged.parts.estimate = quantity.u_estimate;
  for (const KnownReproducibility& known : context.reproducibility) {
    if (known.quantity == quantity.id && known.definition == quantity.definition) {
      judged.parts.reproducibility = known.relative_u * std::abs(quantity.value) + known.absolute_u;
    }
  }
  if (IsLength(quantity.unit) && context.scale_relative_u) {
    judged.parts.reference = *context.scale_relative_u * std::abs(quantity.value);
  }
  const auto& [estimate, reproducibility, reference] = judged.parts;
  if (!estimate || !reproducibility || (NeedsReference(quantity.unit) && !reference)) return;
  judged.u = std::hypot(*estimate, *reproducibility, reference.value_or(0.0));
}

bool IsOutside(double value, const ToleranceLimit& limit) {
  return (limit.lower && value < *limit.lower) || (limit.upper && value > *limit.upper);
}

bool IsComparable(const SetupValue& stated, const SetupValue& expected,
                  std::optional<double> tolerance) {
  const double* a = std::get_if<double>(&stated);
  const double* b = std::get_if<double>(&expected);
  if (a == nullptr || b == nullptr) return stated == expected;
  // Numbers that went through text and units are equal to rounding.
  constexpr double kRounding = 1e-9;
  return std::abs(*a - *b) <= tolerance.value_or(kRounding) * std::abs(*b) * (1.0 + kRounding);
}

/// Reasons why the document may not be compared: "settings_differ:KEY", "settings_not_stated:KEY"
/// (by the document), "settings_not_configured:KEY" (there is nothing to compare with).
std::vector<std::string> Differences(const MeasuredDocument& document, const JudgingRules& rules,
                                     const JudgingContext& context) {
  std::vector<std::string> reasons;
  for (const ComparabilityKey& key : rules.comparability) {
    const auto stated = document.setup.find(key.key);
    const auto expected = context.expected.find(key.key);
    if (stated == document.setup.end()) {
      if (key.blocks) reasons.push_back("settings_not_stated:" + key.key);
    } else if (expected == context.expected.end()) {
      if (key.blocks) reasons.push_back("settings_not_configured:" + key.key);
    } else if (!IsComparable(stated->second, expected->second, key.tolerance)) {
      reasons.push_back("settings_differ:" + key.key);
    }
  }
  return reasons;
}

/// Why nothing of the document may be judged, or nothing.
std::optional<MeasurementOutcome> Obstacle(const MeasuredDocument& document,
                                           const JudgingRules& rules,
                                           const std::vector<LimitRow>& limits,
                                           const JudgingContext& context,
                                           std::vector<std::string>& reasons) {
  bool represents = true;
  for (const MeasuredFinding& finding : document.findings) {
    if (finding.code == "not_representative") {
      represents = represents && finding.severity == FindingSeverity::kInfo;
    } else if (finding.severity == FindingSeverity::kFault) {
      reasons.push_back(finding.code);
    }
  }
  if (!reasons.empty()) return MeasurementOutcome::kUnmeasurable;
  if (!represents) {
    reasons.emplace_back("not_representative");
    return MeasurementOutcome::kNotRepresentative;
  }
  reasons = Differences(document, rules, context);
  if (!reasons.empty()) return MeasurementOutcome::kSettingsDiffer;
  const auto in_force = [&](const LimitRow& row) { return IsInForce(row, rules); };
  if (std::none_of(limits.begin(), limits.end(), in_force)) {
    reasons.emplace_back("limits_missing");
    return MeasurementOutcome::kLimitsMissing;
  }
  return std::nullopt;
}

MeasurementOutcome OutcomeOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::kPass:
      return MeasurementOutcome::kPass;
    case Outcome::kConditionalPass:
      return MeasurementOutcome::kConditionalPass;
    case Outcome::kMethodNotCapable:
      return MeasurementOutcome::kMethodNotCapable;
    case Outcome::kConditionalFail:
      return MeasurementOutcome::kConditionalFail;
    case Outcome::kFail:
      return MeasurementOutcome::kFail;
  }
  return MeasurementOutcome::kFail;  // unreachable; a value from nowhere must never read as good
}

/// The limited quantities that the document lacks, each once.
std::vector<std::string> Missing(const MeasuredDocument& document, const JudgingRules& rules,
                                 const std::vector<LimitRow>& limits) {
  std::vector<std::string> missing;
  for (const LimitRow& row : limits) {
    const auto given = [&](const MeasuredQuantity& quantity) {
      return Applies(row, quantity) && std::isfinite(quantity.value);
    };
    const std::string reason = "missing:" + row.quantity;
    if (IsInForce(row, rules) &&
        std::none_of(document.quantities.begin(), document.quantities.end(), given) &&
        std::find(missing.begin(), missing.end(), reason) == missing.end()) {
      missing.push_back(reason);
    }
  }
  return missing;
}

/// Quantities whose limits are all of other definitions than the one that judges them, each once.
std::vector<std::string> Unlimited(const JudgingRules& rules, const std::vector<LimitRow>& limits) {
  std::vector<std::string> unlimited;
  for (const LimitRow& row : limits) {
    const auto limits_it = [&](const LimitRow& other) {
      return other.quantity == row.quantity && IsInForce(other, rules);
    };
    const std::string reason = "limits_missing:" + row.quantity;
    if ((row.action.lower || row.action.upper) &&
        std::none_of(limits.begin(), limits.end(), limits_it) &&
        std::find(unlimited.begin(), unlimited.end(), reason) == unlimited.end()) {
      unlimited.push_back(reason);
    }
  }
  return unlimited;
}

void JudgeOne(const MeasuredQuantity& quantity, const JudgingRules& rules,
              const std::vector<LimitRow>& limits, JudgedQuantity& judged,
              JudgedMeasurement& measurement) {
  const LimitRow& row = limits[*judged.limit];
  judged.judgement = Judge(quantity.value, judged.u, row.action, rules.decision_rule);
  const Outcome outcome = judged.judgement->outcome;
  const bool inside = outcome == Outcome::kPass || outcome == Outcome::kConditionalPass;
  judged.warning = inside && IsOutside(quantity.value, row.warning);
  if (outcome != Outcome::kPass) {
    measurement.reasons.push_back(std::string(Name(outcome)) + ":" + quantity.id);
  }
  if (judged.warning) measurement.reasons.push_back("warning:" + quantity.id);
  measurement.clear_fail = measurement.clear_fail || outcome == Outcome::kFail;
  measurement.warning = measurement.warning || judged.warning;
  if (RequiresUncertainty(rules) && !judged.u) measurement.uncertainty_incomplete = true;
}

/// The worst judgement; what is missing counts unless something fails without it.
MeasurementOutcome Conclude(const JudgedMeasurement& measurement, bool is_missing,
                            bool is_unlimited) {
  Outcome worst = Outcome::kPass;
  for (const JudgedQuantity& judged : measurement.quantities) {
    if (judged.judgement) worst = std::max(worst, judged.judgement->outcome);
  }
  if (worst >= Outcome::kConditionalFail) return OutcomeOf(worst);
  if (is_missing) return MeasurementOutcome::kUnmeasurable;
  return is_unlimited ? MeasurementOutcome::kLimitsMissing : OutcomeOf(worst);
}

}  // namespace

const std::string* PinnedDefinition(const std::map<std::string, std::string>& definitions,
                                    const std::string& id) {
  const std::string* pinned = nullptr;
  std::size_t longest = 0;
  for (const auto& [part, definition] : definitions) {
    if (part.size() >= longest && IsLeadingPart(part, id)) {
      pinned = &definition;
      longest = part.size();
    }
  }
  return pinned;
}

JudgedMeasurement JudgeMeasurement(const MeasuredDocument& document, const JudgingRules& rules,
                                   const std::vector<LimitRow>& limits,
                                   const JudgingContext& context) {
  JudgedMeasurement result{MeasurementOutcome::kPass, {}, false, false, false, {}};
  const auto obstacle = Obstacle(document, rules, limits, context, result.reasons);
  for (std::size_t i = 0; i < document.quantities.size(); ++i) {
    const MeasuredQuantity& quantity = document.quantities[i];
    JudgedQuantity judged{i, {}, std::nullopt, FindLimit(quantity, rules, limits), std::nullopt};
    AddUncertainty(quantity, context, judged);
    if (!obstacle && judged.limit && std::isfinite(quantity.value)) {
      JudgeOne(quantity, rules, limits, judged, result);
    }
    result.quantities.push_back(judged);
  }
  if (obstacle) {
    result.outcome = *obstacle;
    return result;
  }
  const std::vector<std::string> missing = Missing(document, rules, limits);
  const std::vector<std::string> unlimited = Unlimited(rules, limits);
  result.outcome = Conclude(result, !missing.empty(), !unlimited.empty());
  result.reasons.insert(result.reasons.end(), missing.begin(), missing.end());
  result.reasons.insert(result.reasons.end(), unlimited.begin(), unlimited.end());
  if (result.uncertainty_incomplete) result.reasons.emplace_back("uncertainty_incomplete");
  return result;
}

}  // namespace sop
