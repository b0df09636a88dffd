#include <array>
#include <optional>

#include "sop/fitness.h"

namespace sop {

std::string_view Name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kNotInScope:
      return "not_in_scope";
    case Verdict::kInSpec:
      return "in_spec";
    case Verdict::kInSpecWithConditions:
      return "in_spec_with_conditions";
    case Verdict::kUnknown:
      return "unknown";
    case Verdict::kOutOfSpec:
      return "out_of_spec";
  }
  return "unknown";  // unreachable for a valid enumerator; -Wswitch guards the list above
}

std::string_view Name(ReasonCode code) {
  switch (code) {
    case ReasonCode::kQcFailed:
      return "qc_failed";
    case ReasonCode::kServiceHold:
      return "service_hold";
    case ReasonCode::kReturnToServicePending:
      return "return_to_service_pending";
    case ReasonCode::kNonconformityOpen:
      return "nonconformity_open";
    case ReasonCode::kNeverTested:
      return "never_tested";
    case ReasonCode::kQcOverdue:
      return "qc_overdue";
    case ReasonCode::kQcSuspect:
      return "qc_suspect";
    case ReasonCode::kUnmeasurable:
      return "unmeasurable";
    case ReasonCode::kNotRepresentative:
      return "not_representative";
    case ReasonCode::kSettingsDiffer:
      return "settings_differ";
    case ReasonCode::kMethodNotCapable:
      return "method_not_capable";
    case ReasonCode::kLimitsMissing:
      return "limits_missing";
    case ReasonCode::kReferenceExpired:
      return "reference_expired";
    case ReasonCode::kArtefactRecalled:
      return "artefact_recalled";
    case ReasonCode::kRawMissing:
      return "raw_missing";
    case ReasonCode::kConfigurationChanged:
      return "configuration_changed";
    case ReasonCode::kIntegrityBroken:
      return "integrity_broken";
    case ReasonCode::kRecordUnreachable:
      return "record_unreachable";
    case ReasonCode::kConditional:
      return "conditional";
    case ReasonCode::kQcWarning:
      return "qc_warning";
    case ReasonCode::kDrift:
      return "drift";
    case ReasonCode::kReviewPending:
      return "review_pending";
    case ReasonCode::kUnattributed:
      return "unattributed";
    case ReasonCode::kUncertaintyIncomplete:
      return "uncertainty_incomplete";
    case ReasonCode::kConcession:
      return "concession";
    case ReasonCode::kQcDue:
      return "qc_due";
    case ReasonCode::kNotInPlan:
      return "not_in_plan";
    case ReasonCode::kNotNeededByProfile:
      return "not_needed_by_profile";
  }
  return "unknown";  // unreachable, as above
}

Verdict VerdictOf(ReasonCode code) {
  switch (code) {
    case ReasonCode::kQcFailed:
    case ReasonCode::kServiceHold:
    case ReasonCode::kReturnToServicePending:
    case ReasonCode::kNonconformityOpen:
      return Verdict::kOutOfSpec;
    case ReasonCode::kNeverTested:
    case ReasonCode::kQcOverdue:
    case ReasonCode::kQcSuspect:
    case ReasonCode::kUnmeasurable:
    case ReasonCode::kNotRepresentative:
    case ReasonCode::kSettingsDiffer:
    case ReasonCode::kMethodNotCapable:
    case ReasonCode::kLimitsMissing:
    case ReasonCode::kReferenceExpired:
    case ReasonCode::kArtefactRecalled:
    case ReasonCode::kRawMissing:
    case ReasonCode::kConfigurationChanged:
    case ReasonCode::kIntegrityBroken:
    case ReasonCode::kRecordUnreachable:
      return Verdict::kUnknown;
    case ReasonCode::kConditional:
    case ReasonCode::kQcWarning:
    case ReasonCode::kDrift:
    case ReasonCode::kReviewPending:
    case ReasonCode::kUnattributed:
    case ReasonCode::kUncertaintyIncomplete:
    case ReasonCode::kConcession:
    case ReasonCode::kQcDue:
      return Verdict::kInSpecWithConditions;
    case ReasonCode::kNotInPlan:
    case ReasonCode::kNotNeededByProfile:
      return Verdict::kNotInScope;
  }
  return Verdict::kUnknown;  // unreachable; a value from nowhere must never read as good
}

std::string_view Name(MeasurementOutcome outcome) {
  switch (outcome) {
    case MeasurementOutcome::kPass:
      return "pass";
    case MeasurementOutcome::kConditionalPass:
      return "conditional_pass";
    case MeasurementOutcome::kConditionalFail:
      return "conditional_fail";
    case MeasurementOutcome::kFail:
      return "fail";
    case MeasurementOutcome::kMethodNotCapable:
      return "method_not_capable";
    case MeasurementOutcome::kLimitsMissing:
      return "limits_missing";
    case MeasurementOutcome::kUnmeasurable:
      return "unmeasurable";
    case MeasurementOutcome::kNotRepresentative:
      return "not_representative";
    case MeasurementOutcome::kSettingsDiffer:
      return "settings_differ";
  }
  return "unknown";  // unreachable, as above
}

std::optional<MeasurementOutcome> MeasurementOutcomeFrom(std::string_view name) {
  using enum MeasurementOutcome;
  constexpr std::array kAll = {kPass,         kConditionalPass,   kConditionalFail,
                               kFail,         kMethodNotCapable,  kLimitsMissing,
                               kUnmeasurable, kNotRepresentative, kSettingsDiffer};
  for (const MeasurementOutcome outcome : kAll) {
    if (Name(outcome) == name) return outcome;
  }
  return std::nullopt;
}

std::string_view Name(Review review) {
  switch (review) {
    case Review::kPending:
      return "pending";
    case Review::kReleasedByRule:
      return "released_by_rule";
    case Review::kReviewed:
      return "reviewed";
  }
  return "unknown";  // unreachable, as above
}

std::optional<Review> ReviewFrom(std::string_view name) {
  for (const Review review : {Review::kPending, Review::kReleasedByRule, Review::kReviewed}) {
    if (Name(review) == name) return review;
  }
  return std::nullopt;
}

}  // namespace sop
