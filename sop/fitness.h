#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sop/schedule.h"

namespace sop {

/// Ordered from best to worst within a profile; the worst reason wins.
enum class Verdict { kNotInScope, kInSpec, kInSpecWithConditions, kUnknown, kOutOfSpec };
[[nodiscard]] std::string_view Name(Verdict verdict);  ///< "in_spec", "out_of_spec", ...

/// Closed list: each value is a code of the fitness answer and has one verdict.
enum class ReasonCode {
  kQcFailed,
  kServiceHold,
  kReturnToServicePending,
  kNonconformityOpen,
  kNeverTested,
  kQcOverdue,
  kQcSuspect,
  kUnmeasurable,
  kNotRepresentative,
  kSettingsDiffer,
  kMethodNotCapable,
  kLimitsMissing,
  kReferenceExpired,
  kArtefactRecalled,
  kRawMissing,
  kConfigurationChanged,
  kIntegrityBroken,
  kRecordUnreachable,
  kConditional,
  kQcWarning,
  kDrift,
  kReviewPending,
  kUnattributed,
  kUncertaintyIncomplete,
  kConcession,
  kQcDue,
  kNotInPlan,
  kNotNeededByProfile,
};
[[nodiscard]] std::string_view Name(ReasonCode code);  ///< "qc_failed", ...
[[nodiscard]] Verdict VerdictOf(ReasonCode code);      ///< the verdict table, total

struct Reason {
  ReasonCode code;
  std::string text;  ///< one plain sentence
  std::optional<Instant> since;
  std::string evidence;  ///< measurement key, procedure id, hold id ...; may be empty
};

// --- what one decided measurement says -------------------------------------------------------

/// Outcome of a whole measurement: numbers against limits, or why there is no such comparison.
enum class MeasurementOutcome {
  kPass,
  kConditionalPass,
  kConditionalFail,
  kFail,
  kMethodNotCapable,
  kLimitsMissing,
  kUnmeasurable,
  kNotRepresentative,
  kSettingsDiffer,
};
[[nodiscard]] std::string_view Name(MeasurementOutcome outcome);
[[nodiscard]] std::optional<MeasurementOutcome> MeasurementOutcomeFrom(std::string_view name);

/// What becomes of the schedule and of an open failure after a measurement.
enum class Weight {
  kGood,    ///< clears a failure, moves the schedule
  kBad,     ///< opens or keeps a failure, moves the schedule
  kNeither  ///< says nothing about the instrument
};
[[nodiscard]] Weight WeightOf(MeasurementOutcome outcome);

enum class Review { kPending, kReleasedByRule, kReviewed };
[[nodiscard]] std::string_view Name(Review review);
[[nodiscard]] std::optional<Review> ReviewFrom(std::string_view name);

struct DecidedMeasurement {
  std::string key;
  Instant acquired_at;
  MeasurementOutcome outcome;
  Review review;
  bool attributed;              ///< a performer is named
  bool uncertainty_incomplete;  ///< a part of u is missing and the procedure asks for U
  bool clear_fail;              ///< at least one quantity is kFail (not only conditional)
  bool warning;                 ///< a warning band is reached, the action band is not
  /// Digests of the raw data; the same data analysed again is no repeat. Empty: not known.
  std::string raw = {};
  std::string configuration_fingerprint = {};  ///< of what was in force; empty: not known
  std::string doubt = {};                      ///< why a person must look, in words; may be empty
};

/// Two clear failures of different data; the same data analysed again confirms nothing.
[[nodiscard]] bool IsRepeatedFail(const DecidedMeasurement& a, const DecidedMeasurement& b);

/// One procedure that the profile needs on one configuration, with its evidence.
struct AssignmentEvidence {
  std::string configuration;
  std::string procedure;
  Schedule schedule;
  bool has_limits = true;
  int suspect_working_days = 2;
  /// Oldest first by acquired_at; acquired_at <= now. What may be left out: all before the last
  /// good one, and of later failures those between the first and two that confirm each other.
  std::vector<DecidedMeasurement> history;
  std::string configuration_fingerprint = {};  ///< of what is in force now; empty: not known
};

/// A hold or other standing fact about the instrument or configuration.
struct StandingReason {
  Reason reason;
  std::optional<Instant> from;  ///< absent: since ever
  std::optional<Instant> to;    ///< absent: until released
};

struct FitnessQuery {
  Instant now;   ///< the time of the question (valid time of "current")
  Instant from;  ///< slot begin; equal to now when asked about now
  Instant to;    ///< slot end
  std::string time_zone;
};

struct FitnessAnswer {
  Verdict verdict;
  std::vector<Reason> reasons;           ///< worst first; empty when in spec
  std::optional<Instant> valid_until;    ///< earliest lapse among the procedures that count
  std::optional<Instant> next_due;       ///< begin of the earliest due day
  std::optional<Instant> last_verified;  ///< acquired_at of the oldest "latest" measurement
};

/// "Is it fit for this profile in this slot?": a pure function of evidence and time.
///
/// No assignment at all gives kNotInScope (kNotInPlan). No measurement gives kNeverTested; never a
/// pass. A fail is kQcSuspect for `suspect_working_days`, then kQcFailed; a clear fail repeated
/// (two latest measurements both kFail, of different raw data) is kQcFailed at once. A result of
/// another configuration_fingerprint than the one in force is kConfigurationChanged. A slot that
/// begins after valid_until is kUnknown with kQcOverdue and the date in words.
[[nodiscard]] FitnessAnswer Fitness(const std::vector<AssignmentEvidence>& assignments,
                                    const std::vector<StandingReason>& standing,
                                    const FitnessQuery& query);

/// Due state of one assignment, as pages list it.
struct DueState {
  std::optional<Day> due;
  std::optional<Instant> overdue_from;
};
[[nodiscard]] DueState Due(const AssignmentEvidence& evidence, const std::string& time_zone);

}  // namespace sop
