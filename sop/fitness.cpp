#include "sop/fitness.h"

#include <algorithm>
#include <array>

namespace sop {
namespace {

using Measurements = std::vector<const DecidedMeasurement*>;

Measurements InOrder(const AssignmentEvidence& evidence, std::optional<Instant> now) {
  Measurements ordered;
  for (const DecidedMeasurement& measurement : evidence.history) {
    if (!now || measurement.acquired_at <= *now) ordered.push_back(&measurement);
  }
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const auto* a, const auto* b) { return a->acquired_at < b->acquired_at; });
  return ordered;
}

const DecidedMeasurement* LastJudged(const Measurements& ordered) {
  const auto found = std::find_if(ordered.rbegin(), ordered.rend(), [](const auto* m) {
    return WeightOf(m->outcome) != Weight::kNeither;
  });
  return found == ordered.rend() ? nullptr : *found;
}

/// By the last result that judged the instrument: the day that follows it is the same whatever came
/// before it (see NextDue). Before the first, the schedule's own start.
DueState DueAfter(const AssignmentEvidence& evidence, const Measurements& ordered,
                  const std::string& zone) {
  Day due = evidence.schedule.start;
  if (const auto* judged = LastJudged(ordered)) {
    due = NextDue(evidence.schedule, due, LocalDay(judged->acquired_at, zone));
  }
  return {due, OverdueFrom(evidence.schedule, due, zone)};
}

/// A latest result that judges nothing leaves the check to be done now.
Day ToDo(const DueState& state, const Measurements& ordered, const std::string& zone) {
  if (ordered.empty() || WeightOf(ordered.back()->outcome) != Weight::kNeither) return *state.due;
  return std::min(*state.due, LocalDay(ordered.back()->acquired_at, zone));
}

std::string DayText(Day day, Day today) {
  constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::chrono::year_month_day date(day);
  std::string text = std::to_string(static_cast<unsigned>(date.day())) + " " +
                     kMonths[static_cast<unsigned>(date.month()) - 1];
  if (date.year() != std::chrono::year_month_day(today).year()) {
    text += " " + std::to_string(static_cast<int>(date.year()));
  }
  return text;
}

/// Gathers the reasons of one assignment.
class Assessment {
 public:
  Assessment(const AssignmentEvidence& evidence, const FitnessQuery& query)
      : evidence_(evidence),
        query_(query),
        ordered_(InOrder(evidence, query.now)),
        state_(DueAfter(evidence, ordered_, query.time_zone)),
        today_(LocalDay(query.now, query.time_zone)) {}

  std::vector<Reason> Reasons() {
    if (!evidence_.has_limits) {
      Add(ReasonCode::kLimitsMissing, What() + " has no approved limits to judge against.",
          std::nullopt, evidence_.procedure);
    }
    if (ordered_.empty()) {
      Add(ReasonCode::kNeverTested, What() + " has never been measured.", std::nullopt,
          evidence_.procedure);
      return std::move(reasons_);
    }
    AddFailure();
    AddUnjudged();
    AddChange();
    AddConditions();
    AddDue();
    return std::move(reasons_);
  }

  [[nodiscard]] Instant NextDue() const {
    return BeginOfDay(ToDo(state_, ordered_, query_.time_zone), query_.time_zone);
  }
  [[nodiscard]] Instant Lapse() const { return *state_.overdue_from; }
  /// Latest measurement with numbers that were judged.
  [[nodiscard]] const DecidedMeasurement* LatestJudged() const { return LastJudged(ordered_); }

 private:
  [[nodiscard]] std::string What() const {
    return evidence_.procedure + " on " + evidence_.configuration;
  }
  [[nodiscard]] std::string Date(Day day) const { return DayText(day, today_); }
  [[nodiscard]] std::string Date(Instant instant) const {
    return Date(LocalDay(instant, query_.time_zone));
  }
  void Add(ReasonCode code, std::string text, std::optional<Instant> since, std::string evidence) {
    reasons_.push_back({code, std::move(text), since, std::move(evidence)});
  }

  void AddFailure();
  void AddUnjudged();
  void AddChange();
  void AddConditions();
  void AddDue();

  const AssignmentEvidence& evidence_;
  const FitnessQuery& query_;
  Measurements ordered_;
  DueState state_;
  Day today_;
  std::vector<Reason> reasons_;
};

/// An open failure is the run of fails since the last good measurement. Results that judge nothing
/// neither clear nor repeat it.
void Assessment::AddFailure() {
  Measurements fails;  // latest first
  for (auto it = ordered_.rbegin(); it != ordered_.rend(); ++it) {
    const Weight weight = WeightOf((*it)->outcome);
    if (weight == Weight::kGood) break;
    if (weight == Weight::kBad) fails.push_back(*it);
  }
  if (fails.empty()) return;
  const DecidedMeasurement& latest = *fails.front();
  const DecidedMeasurement& first = *fails.back();
  const auto repeated = std::adjacent_find(
      fails.begin(), fails.end(),
      [](const auto* later, const auto* earlier) { return IsRepeatedFail(*later, *earlier); });
  const Instant deadline =
      AddWorkingDays(first.acquired_at, evidence_.suspect_working_days, query_.time_zone);
  if (repeated != fails.end()) {
    Add(ReasonCode::kQcFailed,
        What() + " failed on " + Date(first.acquired_at) + " and again on " +
            Date((*repeated)->acquired_at) + ".",
        first.acquired_at, latest.key);
  } else if (query_.now >= deadline) {
    Add(ReasonCode::kQcFailed,
        What() + " failed on " + Date(first.acquired_at) + " and no good repeat followed by " +
            Date(deadline) + ".",
        first.acquired_at, latest.key);
  } else {
    Add(ReasonCode::kQcSuspect,
        What() + " failed on " + Date(first.acquired_at) + "; it is being checked until " +
            Date(deadline) + ".",
        first.acquired_at, latest.key);
  }
}

/// The latest result says nothing about the instrument: what stands before it is not current.
void Assessment::AddUnjudged() {
  const DecidedMeasurement& latest = *ordered_.back();
  const std::string measured = What() + " on " + Date(latest.acquired_at);
  const auto add = [&](ReasonCode code, const std::string& text) {
    Add(code, text, latest.acquired_at, latest.key);
  };
  switch (latest.outcome) {
    case MeasurementOutcome::kUnmeasurable:
      return add(ReasonCode::kUnmeasurable,
                 "The latest " + measured + " could not be measured; repeat it.");
    case MeasurementOutcome::kNotRepresentative:
      return add(ReasonCode::kNotRepresentative,
                 "The latest " + measured + " does not represent the field; repeat it.");
    case MeasurementOutcome::kSettingsDiffer:
      return add(ReasonCode::kSettingsDiffer,
                 "The latest " + measured +
                     " was made with other settings than the procedure asks for; repeat it.");
    case MeasurementOutcome::kMethodNotCapable:
      return add(ReasonCode::kMethodNotCapable,
                 "The uncertainty of the latest " + measured + " is too large for its limits.");
    case MeasurementOutcome::kLimitsMissing:
      if (!evidence_.has_limits) return;  // said already
      return add(ReasonCode::kLimitsMissing,
                 "No limit applied to the latest " + measured + "; measure again.");
    case MeasurementOutcome::kPass:
    case MeasurementOutcome::kConditionalPass:
    case MeasurementOutcome::kConditionalFail:
    case MeasurementOutcome::kFail:
      return;
  }
}

/// What was measured before the configuration changed says nothing about what stands there now.
void Assessment::AddChange() {
  const DecidedMeasurement* judged = LatestJudged();
  if (judged == nullptr || judged->configuration_fingerprint.empty() ||
      evidence_.configuration_fingerprint.empty() ||
      judged->configuration_fingerprint == evidence_.configuration_fingerprint) {
    return;
  }
  Add(ReasonCode::kConfigurationChanged,
      "The configuration has changed since " + What() + " was measured on " +
          Date(judged->acquired_at) + "; measure again.",
      judged->acquired_at, judged->key);
}

void Assessment::AddConditions() {
  const DecidedMeasurement* judged = LatestJudged();
  if (judged == nullptr) return;
  const std::string measured = What() + " on " + Date(judged->acquired_at);
  const auto add = [&](ReasonCode code, const std::string& text) {
    Add(code, text, judged->acquired_at, judged->key);
  };
  if (judged->outcome == MeasurementOutcome::kConditionalPass) {
    add(ReasonCode::kConditional, measured + " passed, but within its uncertainty of a limit.");
  }
  if (judged->warning) {
    add(ReasonCode::kQcWarning, measured + " reached a warning limit.");
  }
  if (judged->review == Review::kPending) {
    add(ReasonCode::kReviewPending, measured + " has not been reviewed" +
                                        (judged->doubt.empty() ? "." : ": " + judged->doubt + "."));
  }
  if (!judged->attributed) {
    add(ReasonCode::kUnattributed, measured + " names no performer.");
  }
  if (judged->uncertainty_incomplete) {
    add(ReasonCode::kUncertaintyIncomplete, measured + " lacks a part of its uncertainty.");
  }
}

void Assessment::AddDue() {
  const Instant lapse = *state_.overdue_from;
  const Day last_day = LocalDay(lapse - std::chrono::seconds(1), query_.time_zone);
  const Instant from = std::max(query_.from, query_.now);
  const Instant to = std::max(query_.to, from);
  const Instant after_due = BeginOfDay(*state_.due + std::chrono::days(1), query_.time_zone);
  const auto add = [&](ReasonCode code, const std::string& text, Instant since) {
    Add(code, text, since, evidence_.procedure);
  };
  if (query_.now >= lapse) {
    add(ReasonCode::kQcOverdue,
        What() + " was due on " + Date(*state_.due) + "; its verification lapsed on " +
            Date(last_day) + ".",
        lapse);
  } else if (from >= lapse) {
    add(ReasonCode::kQcOverdue,
        "Verification by " + What() + " lapses on " + Date(last_day) + ", your slot is on " +
            Date(from) + ".",
        lapse);
  } else if (to > lapse) {
    add(ReasonCode::kQcOverdue,
        "Verification by " + What() + " lapses on " + Date(last_day) + ", your slot ends on " +
            Date(to) + ".",
        lapse);
  } else if (from >= after_due) {
    add(ReasonCode::kQcDue,
        What() + (query_.now >= after_due ? " was due on " : " is due on ") + Date(*state_.due) +
            "; its verification is valid until " + Date(last_day) + ".",
        after_due);
  }
}

void Earlier(std::optional<Instant>& earliest, std::optional<Instant> candidate) {
  if (candidate && (!earliest || *candidate < *earliest)) earliest = candidate;
}

void AddStanding(const std::vector<StandingReason>& standing, const FitnessQuery& query,
                 FitnessAnswer& answer) {
  const Instant from = std::max(query.from, query.now);
  const Instant to = std::max(query.to, from);
  for (const StandingReason& item : standing) {
    const bool begun = !item.from || *item.from <= from || *item.from < to;
    const bool over = item.to && *item.to <= from;
    if (begun && !over) answer.reasons.push_back(item.reason);
    const bool shuts = VerdictOf(item.reason.code) >= Verdict::kUnknown;
    if (shuts && item.from && *item.from > query.now) Earlier(answer.valid_until, item.from);
  }
}

}  // namespace

Weight WeightOf(MeasurementOutcome outcome) {
  switch (outcome) {
    case MeasurementOutcome::kPass:
    case MeasurementOutcome::kConditionalPass:
      return Weight::kGood;
    case MeasurementOutcome::kConditionalFail:
    case MeasurementOutcome::kFail:
      return Weight::kBad;
    case MeasurementOutcome::kMethodNotCapable:
    case MeasurementOutcome::kLimitsMissing:
    case MeasurementOutcome::kUnmeasurable:
    case MeasurementOutcome::kNotRepresentative:
    case MeasurementOutcome::kSettingsDiffer:
      return Weight::kNeither;
  }
  return Weight::kNeither;  // unreachable; -Wswitch guards the list above
}

bool IsRepeatedFail(const DecidedMeasurement& a, const DecidedMeasurement& b) {
  const bool same_data = !a.raw.empty() && a.raw == b.raw;
  return a.outcome == MeasurementOutcome::kFail && b.outcome == MeasurementOutcome::kFail &&
         !same_data;
}

FitnessAnswer Fitness(const std::vector<AssignmentEvidence>& assignments,
                      const std::vector<StandingReason>& standing, const FitnessQuery& query) {
  FitnessAnswer answer{Verdict::kNotInScope, {}, std::nullopt, std::nullopt, std::nullopt};
  if (assignments.empty()) {
    answer.reasons.push_back({ReasonCode::kNotInPlan,
                              "No procedure of this profile is assigned here.", std::nullopt, ""});
  } else {
    answer.verdict = Verdict::kInSpec;
  }
  for (const AssignmentEvidence& evidence : assignments) {
    Assessment assessment(evidence, query);
    const std::vector<Reason> reasons = assessment.Reasons();
    answer.reasons.insert(answer.reasons.end(), reasons.begin(), reasons.end());
    Earlier(answer.next_due, assessment.NextDue());
    const DecidedMeasurement* latest = assessment.LatestJudged();
    if (latest == nullptr) continue;
    Earlier(answer.valid_until, assessment.Lapse());
    Earlier(answer.last_verified, latest->acquired_at);
  }
  AddStanding(standing, query, answer);
  for (const Reason& reason : answer.reasons) {
    answer.verdict = std::max(answer.verdict, VerdictOf(reason.code));
  }
  std::stable_sort(
      answer.reasons.begin(), answer.reasons.end(), [](const Reason& a, const Reason& b) {
        return VerdictOf(a.code) != VerdictOf(b.code) ? VerdictOf(a.code) > VerdictOf(b.code)
                                                      : a.code < b.code;
      });
  return answer;
}

DueState Due(const AssignmentEvidence& evidence, const std::string& time_zone) {
  const Measurements ordered = InOrder(evidence, std::nullopt);
  DueState state = DueAfter(evidence, ordered, time_zone);
  state.due = ToDo(state, ordered, time_zone);
  return state;
}

}  // namespace sop
