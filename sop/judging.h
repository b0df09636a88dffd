#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sop/decision.h"
#include "sop/fitness.h"

namespace sop {

/// One quantity of a measurement document, as far as judging needs it.
struct MeasuredQuantity {
  std::string id;
  std::string definition;
  std::string channel;  ///< name ("525/50") or, where it has none, the index as text; empty: none
  std::string comparator;  ///< `of.comparator`; empty: none
  double value = 0.0;
  std::string unit;
  std::optional<double> u_estimate;  ///< standard uncertainty, estimate part
};

enum class FindingSeverity { kInfo, kWarning, kFault };
struct MeasuredFinding {
  std::string code;
  FindingSeverity severity;
};

using SetupValue = std::variant<double, std::string>;
using Setup = std::map<std::string, SetupValue>;

struct MeasuredDocument {
  std::vector<MeasuredQuantity> quantities;
  std::vector<MeasuredFinding> findings;
  Setup setup;
};

/// A setting that must be as the configuration says for results to be compared.
struct ComparabilityKey {
  std::string key;
  std::optional<double> tolerance;  ///< numbers: allowed fraction of the expected; absent: equal
  bool blocks;  ///< when the document or the configuration does not state the key: not judged
};

struct JudgingRules {
  DecisionRule decision_rule;
  bool requires_uncertainty;  ///< a guard band asks for uncertainty by itself
  /// Which definition judges: quantity id or a leading part of it ("psf.fwhm") to definition.
  std::map<std::string, std::string> definitions;
  std::vector<ComparabilityKey> comparability;
};

/// The definition that judges `id`: that of the longest leading part that `definitions` names, as a
/// procedure does; nullptr where none is pinned.
[[nodiscard]] const std::string* PinnedDefinition(
    const std::map<std::string, std::string>& definitions, const std::string& id);

/// One row of a limit set. It applies to quantities of the same id, definition and comparator; a
/// row that names a channel goes before one that does not.
struct LimitRow {
  std::string quantity;
  std::string definition;
  std::string comparator;  ///< empty: quantities without one
  std::string channel;     ///< empty: every channel
  ToleranceLimit action;
  ToleranceLimit warning;
};

/// From the repeat study; one of the two parts is 0.
struct KnownReproducibility {
  std::string quantity;
  std::string definition;
  double relative_u;
  double absolute_u = 0.0;
};

/// What is on record about the configuration's uncertainty and settings.
struct JudgingContext {
  Setup expected;  ///< the configuration's setup
  std::vector<KnownReproducibility> reproducibility;
  std::optional<double> scale_relative_u;  ///< of lengths ("um", "nm"), from the scale record
};

struct UncertaintyParts {
  std::optional<double> estimate;
  std::optional<double> reproducibility;
  std::optional<double> reference;
};

struct JudgedQuantity {
  std::size_t index;  ///< in MeasuredDocument::quantities
  UncertaintyParts parts;
  std::optional<double> u;             ///< combined; absent while a part is missing
  std::optional<std::size_t> limit;    ///< index of the row that applied
  std::optional<Judgement> judgement;  ///< absent without a limit, or when nothing may be judged
  bool warning = false;                ///< inside the action limits, outside the warning limits
};

struct JudgedMeasurement {
  MeasurementOutcome outcome;
  std::vector<std::string> reasons;  ///< codes, "fail:psf.fwhm.z", "settings_differ:zoom", ...
  bool clear_fail;
  bool warning;
  bool uncertainty_incomplete;             ///< only where the procedure asks for uncertainty
  std::vector<JudgedQuantity> quantities;  ///< one for each quantity of the document, in order
};

/// Judges a measurement by what was in force; numbers are judged only when they may be compared.
///
/// Uncertainty  u^2 = estimate^2 + reproducibility^2 + reference^2; reproducibility is a
///              fraction of the value or a constant, as the repeat study says. Lengths take
///              their reference part from the scale record; powers ("mW") need a calibrated meter,
///              which no record holds yet, so theirs is missing; other units have none.
/// Outcome      A fault finding: unmeasurable. not_representative: so. A comparability key that
///              differs, or where it blocks is stated by one side only: settings_differ. No limit
///              for the definitions in force: limits_missing, also where that is so of one limited
///              quantity, unless another one fails. Otherwise the worst judgement; a limited
///              quantity that the document lacks makes it unmeasurable unless another one fails.
[[nodiscard]] JudgedMeasurement JudgeMeasurement(const MeasuredDocument& document,
                                                 const JudgingRules& rules,
                                                 const std::vector<LimitRow>& limits,
                                                 const JudgingContext& context);

}  // namespace sop
