#include "sop/fitness.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sop {
namespace {

using namespace std::chrono;
using std::chrono::days;
using enum MeasurementOutcome;
using Codes = std::vector<std::string>;

Day On(unsigned m, unsigned d, int y = 2026) { return sys_days(year(y) / month(m) / day(d)); }
Instant At(unsigned m, unsigned d, int h, int y = 2026) { return On(m, d, y) + hours(h); }

DecidedMeasurement Took(Instant at, MeasurementOutcome outcome) {
  const bool fail = outcome == kFail;
  return {"m" + std::to_string(at.time_since_epoch().count()),
          at,
          outcome,
          Review::kReleasedByRule,
          true,
          false,
          fail,
          false};
}
/// Monthly on the 1st, a week either side, in a zone that is UTC in winter.
AssignmentEvidence Psf(std::vector<DecidedMeasurement> history) {
  return {"63x-561", "PSF-03", {"FREQ=MONTHLY;BYMONTHDAY=1", On(11, 1), 7, 7},
          true,      2,        std::move(history)};
}
FitnessQuery Asked(Instant now) { return {now, now, now, "Europe/Lisbon"}; }
FitnessQuery Slot(Instant now, Instant from, Instant to) {
  return {now, from, to, "Europe/Lisbon"};
}

Codes CodesOf(const FitnessAnswer& answer) {
  Codes codes;
  for (const Reason& reason : answer.reasons) codes.emplace_back(Name(reason.code));
  return codes;
}
void Expect(const FitnessAnswer& answer, Verdict verdict, const Codes& codes) {
  EXPECT_EQ(Name(answer.verdict), Name(verdict));
  EXPECT_EQ(CodesOf(answer), codes);
  for (const Reason& reason : answer.reasons) {
    EXPECT_EQ(reason.text.back(), '.') << reason.text;
  }
}
FitnessAnswer Now(std::vector<DecidedMeasurement> history, Instant now = At(11, 22, 10)) {
  return Fitness({Psf(std::move(history))}, {}, Asked(now));
}
const DecidedMeasurement kGood = Took(At(11, 2, 9), kPass);

TEST(Fitness, GoodIsInSpecWithItsDates) {
  const FitnessAnswer answer = Now({kGood});
  Expect(answer, Verdict::kInSpec, {});
  EXPECT_EQ(answer.valid_until, At(12, 9, 0));
  EXPECT_EQ(answer.next_due, At(12, 1, 0));
  EXPECT_EQ(answer.last_verified, At(11, 2, 9));
}

TEST(Fitness, WithoutAPlanNothingIsSaid) {
  Expect(Fitness({}, {}, Asked(At(11, 22, 10))), Verdict::kNotInScope, {"not_in_plan"});
}

TEST(Fitness, NeverTestedIsUnknown) {
  const FitnessAnswer answer = Now({});
  Expect(answer, Verdict::kUnknown, {"never_tested"});
  EXPECT_EQ(answer.reasons[0].text, "PSF-03 on 63x-561 has never been measured.");
  EXPECT_FALSE(answer.valid_until);
  EXPECT_FALSE(answer.last_verified);
  EXPECT_EQ(answer.next_due, At(11, 1, 0));
}

TEST(Fitness, ResultsOfTheFutureDoNotCount) {
  Expect(Now({Took(At(11, 23, 9), kPass)}), Verdict::kUnknown, {"never_tested"});
  Expect(Now({kGood, Took(At(11, 23, 9), kFail)}), Verdict::kInSpec, {});
}

TEST(Fitness, LimitsMissingIsUnknownEvenWithAPass) {
  AssignmentEvidence evidence = Psf({kGood});
  evidence.has_limits = false;
  Expect(Fitness({evidence}, {}, Asked(At(11, 22, 10))), Verdict::kUnknown, {"limits_missing"});
  evidence.history = {};
  Expect(Fitness({evidence}, {}, Asked(At(11, 22, 10))), Verdict::kUnknown,
         {"never_tested", "limits_missing"});
  evidence.history = {Took(At(11, 2, 9), kLimitsMissing)};
  Expect(Fitness({evidence}, {}, Asked(At(11, 5, 10))), Verdict::kUnknown,
         {"limits_missing", "qc_due"});
  evidence.has_limits = true;
  Expect(Fitness({evidence}, {}, Asked(At(11, 5, 10))), Verdict::kUnknown,
         {"limits_missing", "qc_due"});
}

TEST(Fitness, DueDayItselfIsStillInSpec) {
  Expect(Now({kGood}, At(12, 1, 23)), Verdict::kInSpec, {});
}

TEST(Fitness, InsideTheWindowAfterDueIsACondition) {
  const FitnessAnswer answer = Now({kGood}, At(12, 2, 0));
  Expect(answer, Verdict::kInSpecWithConditions, {"qc_due"});
  EXPECT_EQ(answer.reasons[0].text,
            "PSF-03 on 63x-561 was due on 1 Dec; its verification is valid until 8 Dec.");
  Expect(Now({kGood}, At(12, 9, 0) - seconds(1)), Verdict::kInSpecWithConditions, {"qc_due"});
}

TEST(Fitness, OverdueWhenTheWindowHasEnded) {
  const FitnessAnswer answer = Now({kGood}, At(12, 9, 0));
  Expect(answer, Verdict::kUnknown, {"qc_overdue"});
  EXPECT_EQ(answer.reasons[0].text,
            "PSF-03 on 63x-561 was due on 1 Dec; its verification lapsed on 8 Dec.");
  EXPECT_EQ(answer.reasons[0].since, At(12, 9, 0));
  EXPECT_EQ(answer.valid_until, At(12, 9, 0));
}

TEST(Fitness, SlotBeyondValidityIsAnsweredBeforeItIsBooked) {
  const auto asked = Slot(At(11, 22, 10), At(12, 14, 9), At(12, 14, 12));
  const FitnessAnswer answer = Fitness({Psf({kGood})}, {}, asked);
  Expect(answer, Verdict::kUnknown, {"qc_overdue"});
  EXPECT_EQ(answer.reasons[0].text,
            "Verification by PSF-03 on 63x-561 lapses on 8 Dec, your slot is on 14 Dec.");
}

TEST(Fitness, SlotThatRunsBeyondValidityIsUnknown) {
  const auto asked = Slot(At(11, 22, 10), At(12, 8, 20), At(12, 9, 8));
  const FitnessAnswer answer = Fitness({Psf({kGood})}, {}, asked);
  Expect(answer, Verdict::kUnknown, {"qc_overdue"});
  EXPECT_EQ(answer.reasons[0].text,
            "Verification by PSF-03 on 63x-561 lapses on 8 Dec, your slot ends on 9 Dec.");
}

TEST(Fitness, SlotUpToTheEndOfValidityIsCovered) {
  const auto asked = Slot(At(11, 22, 10), At(11, 30, 9), At(12, 1, 12));
  Expect(Fitness({Psf({kGood})}, {}, asked), Verdict::kInSpec, {});
  const auto last = Slot(At(11, 22, 10), At(12, 8, 9), At(12, 9, 0));
  const FitnessAnswer answer = Fitness({Psf({kGood})}, {}, last);
  Expect(answer, Verdict::kInSpecWithConditions, {"qc_due"});
  EXPECT_EQ(answer.reasons[0].text,
            "PSF-03 on 63x-561 is due on 1 Dec; its verification is valid until 8 Dec.");
}

TEST(Fitness, SlotOfNextYearNamesTheYear) {
  const auto asked = Slot(At(11, 22, 10), At(1, 5, 9, 2027), At(1, 5, 10, 2027));
  EXPECT_EQ(Fitness({Psf({kGood})}, {}, asked).reasons[0].text,
            "Verification by PSF-03 on 63x-561 lapses on 8 Dec, your slot is on 5 Jan 2027.");
}

TEST(Fitness, FirstFailIsSuspectForTheWorkingDays) {
  // Friday 20 November at 9: two working days end on Tuesday 24 at 9.
  const std::vector<DecidedMeasurement> history = {kGood, Took(At(11, 20, 9), kFail)};
  const FitnessAnswer answer = Now(history);
  Expect(answer, Verdict::kUnknown, {"qc_suspect"});
  EXPECT_EQ(answer.reasons[0].text,
            "PSF-03 on 63x-561 failed on 20 Nov; it is being checked until 24 Nov.");
  EXPECT_EQ(answer.reasons[0].since, At(11, 20, 9));
  EXPECT_EQ(answer.reasons[0].evidence, history[1].key);
  Expect(Now(history, At(11, 24, 9) - seconds(1)), Verdict::kUnknown, {"qc_suspect"});
  Expect(Now(history, At(11, 24, 9)), Verdict::kOutOfSpec, {"qc_failed"});
}

TEST(Fitness, ClearFailRepeatedIsFailedAtOnce) {
  const FitnessAnswer answer =
      Now({kGood, Took(At(11, 20, 9), kFail), Took(At(11, 20, 11), kFail)});
  Expect(answer, Verdict::kOutOfSpec, {"qc_failed"});
  EXPECT_EQ(answer.reasons[0].text, "PSF-03 on 63x-561 failed on 20 Nov and again on 20 Nov.");
  EXPECT_EQ(answer.reasons[0].since, At(11, 20, 9));
}

TEST(Fitness, ConditionalFailRepeatedStaysSuspect) {
  Expect(
      Now({kGood, Took(At(11, 20, 9), kConditionalFail), Took(At(11, 20, 11), kConditionalFail)}),
      Verdict::kUnknown, {"qc_suspect"});
  Expect(Now({kGood, Took(At(11, 20, 9), kFail), Took(At(11, 20, 11), kConditionalFail)}),
         Verdict::kUnknown, {"qc_suspect"});
}

TEST(Fitness, RepeatsDoNotExtendTheSuspectPeriod) {
  Expect(Now({kGood, Took(At(11, 17, 9), kFail), Took(At(11, 20, 11), kConditionalFail)}),
         Verdict::kOutOfSpec, {"qc_failed"});
}

TEST(Fitness, ConfirmedFailIsNotUndoneByAConditionalOne) {
  Expect(Now({kGood, Took(At(11, 20, 9), kFail), Took(At(11, 20, 10), kFail),
              Took(At(11, 20, 11), kConditionalFail)}),
         Verdict::kOutOfSpec, {"qc_failed"});
}

TEST(Fitness, LaterGoodClearsAFail) {
  Expect(Now({kGood, Took(At(11, 20, 9), kFail), Took(At(11, 20, 11), kFail),
              Took(At(11, 21, 9), kPass)}),
         Verdict::kInSpec, {});
}

TEST(Fitness, AFailAfterTheClearanceIsAFirstOneAgain) {
  Expect(Now({kGood, Took(At(11, 5, 9), kFail), Took(At(11, 6, 9), kPass),
              Took(At(11, 20, 9), kFail)}),
         Verdict::kUnknown, {"qc_suspect"});
}

TEST(Fitness, LatestIsByAcquisitionNotByOrderOfReceipt) {
  Expect(Now({Took(At(11, 20, 9), kFail), kGood}), Verdict::kUnknown, {"qc_suspect"});
  Expect(Now({Took(At(11, 21, 9), kPass), Took(At(11, 20, 9), kFail)}), Verdict::kInSpec, {});
}

TEST(Fitness, UnmeasurableAfterGoodIsUnknown) {
  const FitnessAnswer answer = Now({kGood, Took(At(11, 20, 9), kUnmeasurable)});
  Expect(answer, Verdict::kUnknown, {"unmeasurable"});
  EXPECT_EQ(answer.reasons[0].text,
            "The latest PSF-03 on 63x-561 on 20 Nov could not be measured; repeat it.");
  EXPECT_EQ(answer.last_verified, At(11, 2, 9));
}

TEST(Fitness, UnmeasurableDoesNotClearAFail) {
  Expect(Now({kGood, Took(At(11, 16, 9), kFail), Took(At(11, 16, 10), kFail),
              Took(At(11, 20, 9), kUnmeasurable)}),
         Verdict::kOutOfSpec, {"qc_failed", "unmeasurable"});
  Expect(Now({kGood, Took(At(11, 20, 8), kFail), Took(At(11, 20, 9), kMethodNotCapable)}),
         Verdict::kUnknown, {"qc_suspect", "method_not_capable"});
}

TEST(Fitness, WhatCannotBeJudgedIsUnknownAndNamesWhy) {
  Expect(Now({kGood, Took(At(11, 20, 9), kNotRepresentative)}), Verdict::kUnknown,
         {"not_representative"});
  Expect(Now({kGood, Took(At(11, 20, 9), kSettingsDiffer)}), Verdict::kUnknown,
         {"settings_differ"});
  Expect(Now({kGood, Took(At(11, 20, 9), kMethodNotCapable)}), Verdict::kUnknown,
         {"method_not_capable"});
  Expect(Now({kGood, Took(At(11, 20, 9), kLimitsMissing)}), Verdict::kUnknown, {"limits_missing"});
}

TEST(Fitness, WhatCannotBeJudgedDoesNotMoveTheSchedule) {
  const FitnessAnswer answer = Now({kGood, Took(At(11, 28, 9), kUnmeasurable)}, At(11, 28, 10));
  EXPECT_EQ(answer.next_due, At(11, 28, 0));
  EXPECT_EQ(answer.valid_until, At(12, 9, 0));
  Expect(Now({Took(At(11, 2, 9), kUnmeasurable)}, At(11, 20, 9)), Verdict::kUnknown,
         {"qc_overdue", "unmeasurable"});
}

TEST(Fitness, ConditionsOfTheLatestResult) {
  const auto with = [](auto change) {
    DecidedMeasurement measurement = kGood;
    change(measurement);
    return CodesOf(Now({measurement}));
  };
  EXPECT_EQ(with([](auto& m) { m.outcome = kConditionalPass; }), Codes{"conditional"});
  EXPECT_EQ(with([](auto& m) { m.warning = true; }), Codes{"qc_warning"});
  EXPECT_EQ(with([](auto& m) { m.review = Review::kPending; }), Codes{"review_pending"});
  EXPECT_EQ(with([](auto& m) { m.review = Review::kReviewed; }), Codes{});
  EXPECT_EQ(with([](auto& m) { m.attributed = false; }), Codes{"unattributed"});
  EXPECT_EQ(with([](auto& m) { m.uncertainty_incomplete = true; }),
            Codes{"uncertainty_incomplete"});
}

TEST(Fitness, ConditionsOfEarlierResultsAreGone) {
  DecidedMeasurement earlier = Took(At(10, 28, 9), kConditionalPass);
  earlier.review = Review::kPending;
  earlier.attributed = false;
  Expect(Now({earlier, kGood}), Verdict::kInSpec, {});
}

TEST(Fitness, WorstReasonWinsAndStandsFirst) {
  DecidedMeasurement fail = Took(At(11, 2, 9), kFail);
  fail.attributed = false;
  Expect(Now({fail}, At(12, 20, 9)), Verdict::kOutOfSpec,
         {"qc_failed", "qc_overdue", "unattributed"});
}

TEST(Fitness, InstrumentIsAsGoodAsItsWorstConfiguration) {
  AssignmentEvidence other = Psf({Took(At(11, 5, 9), kPass)});
  other.configuration = "10x";
  other.procedure = "ILL-01";
  other.schedule = {"FREQ=WEEKLY", On(11, 1), std::nullopt, 2};
  const FitnessAnswer answer = Fitness({Psf({kGood}), other}, {}, Asked(At(11, 13, 10)));
  Expect(answer, Verdict::kInSpecWithConditions, {"qc_due"});
  EXPECT_EQ(answer.valid_until, At(11, 15, 0));
  EXPECT_EQ(answer.next_due, At(11, 12, 0));
  EXPECT_EQ(answer.last_verified, At(11, 2, 9));
}

StandingReason Hold(std::optional<Instant> from, std::optional<Instant> to) {
  return {{ReasonCode::kServiceHold, "The instrument is on hold for service.", from, "hold-1"},
          from,
          to};
}

TEST(Fitness, HoldIsOutOfSpec) {
  const FitnessAnswer answer =
      Fitness({Psf({kGood})}, {Hold(std::nullopt, std::nullopt)}, Asked(At(11, 22, 10)));
  Expect(answer, Verdict::kOutOfSpec, {"service_hold"});
  Expect(Fitness({}, {Hold(std::nullopt, std::nullopt)}, Asked(At(11, 22, 10))),
         Verdict::kOutOfSpec, {"service_hold", "not_in_plan"});
}

TEST(Fitness, PlannedHoldEndsValidityAndShutsSlotsInsideIt) {
  const std::vector<StandingReason> hold = {Hold(At(11, 25, 8), At(11, 26, 18))};
  const FitnessAnswer before = Fitness({Psf({kGood})}, hold, Asked(At(11, 22, 10)));
  Expect(before, Verdict::kInSpec, {});
  EXPECT_EQ(before.valid_until, At(11, 25, 8));
  const auto slot = [&](Instant from, Instant to) {
    return Fitness({Psf({kGood})}, hold, Slot(At(11, 22, 10), from, to)).verdict;
  };
  EXPECT_EQ(slot(At(11, 25, 7), At(11, 25, 9)), Verdict::kOutOfSpec);
  EXPECT_EQ(slot(At(11, 25, 6), At(11, 25, 8)), Verdict::kInSpec);
  EXPECT_EQ(slot(At(11, 26, 17), At(11, 26, 19)), Verdict::kOutOfSpec);
  EXPECT_EQ(slot(At(11, 26, 18), At(11, 26, 19)), Verdict::kInSpec);
}

TEST(Fitness, StandingConditionsCount) {
  const StandingReason drift{{ReasonCode::kDrift, "The width is drifting.", {}, ""}, {}, {}};
  const FitnessAnswer answer = Fitness({Psf({kGood})}, {drift}, Asked(At(11, 22, 10)));
  Expect(answer, Verdict::kInSpecWithConditions, {"drift"});
  EXPECT_EQ(answer.valid_until, At(12, 9, 0));
}

TEST(Due, StartsAtTheScheduleAndFollowsGoodAndBadResults) {
  EXPECT_EQ(Due(Psf({}), "Europe/Lisbon").due, On(11, 1));
  EXPECT_EQ(Due(Psf({kGood}), "Europe/Lisbon").due, On(12, 1));
  EXPECT_EQ(Due(Psf({kGood, Took(At(11, 25, 9), kFail)}), "Europe/Lisbon").due, On(1, 1, 2027));
  EXPECT_EQ(Due(Psf({kGood}), "Europe/Lisbon").overdue_from, At(12, 9, 0));
  EXPECT_EQ(Due(Psf({kGood}), "Europe/Berlin").overdue_from, At(12, 8, 23));
}

TEST(Fitness, TheSameDataAnalysedAgainConfirmsNoFailure) {
  DecidedMeasurement first = Took(At(11, 20, 9), kFail);
  DecidedMeasurement again = Took(At(11, 20, 10), kFail);
  Expect(Now({first, again}, At(11, 20, 11)), Verdict::kOutOfSpec, {"qc_failed"});
  first.raw = again.raw = "aa";
  Expect(Now({first, again}, At(11, 20, 11)), Verdict::kUnknown, {"qc_suspect"});
  again.raw = "bb";
  Expect(Now({first, again}, At(11, 20, 11)), Verdict::kOutOfSpec, {"qc_failed"});
}

TEST(Fitness, AResultFromBeforeTheConfigurationChangedIsUnknown) {
  AssignmentEvidence evidence = Psf({kGood});
  evidence.configuration_fingerprint = "new";
  const auto ask = [&] { return Fitness({evidence}, {}, Asked(At(11, 22, 10))); };
  Expect(ask(), Verdict::kInSpec, {});  // recorded without a fingerprint
  evidence.history[0].configuration_fingerprint = "old";
  Expect(ask(), Verdict::kUnknown, {"configuration_changed"});
  evidence.history.push_back(Took(At(11, 20, 9), kPass));
  evidence.history[1].configuration_fingerprint = "new";
  Expect(ask(), Verdict::kInSpec, {});
}

TEST(Fitness, ADoubtIsSaidWithTheReviewItWaitsFor) {
  DecidedMeasurement measurement = kGood;
  measurement.review = Review::kPending;
  measurement.doubt = "it reached a warning limit";
  const FitnessAnswer answer = Now({measurement});
  Expect(answer, Verdict::kInSpecWithConditions, {"review_pending"});
  EXPECT_NE(answer.reasons[0].text.find("reviewed: it reached a warning limit."),
            std::string::npos);
}

}  // namespace
}  // namespace sop
