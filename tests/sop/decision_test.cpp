#include "sop/decision.h"

#include <gtest/gtest.h>

#include <cmath>

namespace sop {
namespace {

constexpr DecisionRule kGuarded{1.0, 2.0};
constexpr DecisionRule kSimple{0.0, 2.0};

struct Vector {
  double value;
  Outcome outcome;
  double p;
};

void ExpectVectors(const ToleranceLimit& limit, double expanded,
                   std::initializer_list<Vector> rows) {
  for (const auto& [value, outcome, p] : rows) {
    const Judgement judgement = Judge(value, expanded / 2.0, limit, kGuarded);
    EXPECT_EQ(judgement.outcome, outcome) << value;
    EXPECT_NEAR(judgement.p_conformance.value(), p, 5e-6) << value;
  }
}

TEST(Judge, GivesThePublishedConformanceProbability) {
  const Judgement judgement = Judge(13.6, 1.8, {12.5, 16.3}, kSimple);
  EXPECT_NEAR(judgement.p_conformance.value(), 0.66263, 5e-6);
}

TEST(Judge, UpperLimit320) {
  ExpectVectors({std::nullopt, 320.0}, 10.0,
                {{310.0, Outcome::kPass, .97725},
                 {311.0, Outcome::kConditionalPass, .96407},
                 {318.0, Outcome::kConditionalPass, .65542},
                 {320.0, Outcome::kConditionalPass, .5},
                 {326.0, Outcome::kConditionalFail, .11507},
                 {330.0, Outcome::kConditionalFail, .02275},
                 {331.0, Outcome::kFail, .01390}});
}

TEST(Judge, LowerLimit090) {
  ExpectVectors({0.90, std::nullopt}, 0.02,
                {{.97, Outcome::kPass, 1.0},
                 {.91, Outcome::kConditionalPass, .84134},
                 {.895, Outcome::kConditionalFail, .30854},
                 {.87, Outcome::kFail, .00135}});
}

TEST(Judge, EmptyAcceptanceZoneIsTheMethodsFault) {
  const ToleranceLimit limit{12.5, 16.3};
  EXPECT_EQ(Judge(14.4, 1.8, limit, kGuarded).outcome, Outcome::kMethodNotCapable);
  EXPECT_EQ(Judge(13.6, 1.8, limit, kGuarded).outcome, Outcome::kMethodNotCapable);
  // A zone of one point is not empty.
  EXPECT_EQ(Judge(14.0, 1.0, {12.0, 16.0}, kGuarded).outcome, Outcome::kPass);
  EXPECT_EQ(Judge(14.0, 1.8, limit, kSimple).outcome, Outcome::kPass);
}

TEST(Judge, GuardBandFollowsItsRatio) {
  const auto acceptance = [](double ratio) {
    return *Judge(0.0, 5.0, {std::nullopt, 320.0}, {ratio, 2.0}).acceptance_upper;
  };
  EXPECT_DOUBLE_EQ(acceptance(0.0), 320.0);
  EXPECT_DOUBLE_EQ(acceptance(0.83), 311.7);
  EXPECT_DOUBLE_EQ(acceptance(1.0), 310.0);
  EXPECT_DOUBLE_EQ(acceptance(1.5), 305.0);
  EXPECT_DOUBLE_EQ(*Judge(0.0, 5.0, {std::nullopt, 320.0}, {1.0, 3.0}).acceptance_upper, 305.0);
  EXPECT_DOUBLE_EQ(*Judge(0.0, 5.0, {20.0, std::nullopt}, kGuarded).acceptance_lower, 30.0);
}

// The risk of a false accept at the acceptance limit: 50 %, 4.8 %, 2.3 %, 0.13 %.
TEST(Judge, RiskAtTheAcceptanceLimitIsThatOfTheRule) {
  const auto risk = [](double ratio) {
    const ToleranceLimit limit{std::nullopt, 320.0};
    return 1.0 - *Judge(320.0 - ratio * 10.0, 5.0, limit, {ratio, 2.0}).p_conformance;
  };
  EXPECT_NEAR(risk(0.0), 0.5, 1e-12);
  EXPECT_NEAR(risk(0.83), 0.0485, 5e-5);
  EXPECT_NEAR(risk(1.0), 0.02275, 5e-6);
  EXPECT_NEAR(risk(1.5), 0.00135, 5e-6);
}

TEST(Judge, BoundsBelongToTheInside) {
  const ToleranceLimit limit{2.0, 10.0};
  const auto outcome = [&](double value) { return Judge(value, 0.5, limit, kGuarded).outcome; };
  const auto above = [](double x) { return std::nextafter(x, 1e9); };
  const auto below = [](double x) { return std::nextafter(x, -1e9); };
  EXPECT_EQ(outcome(9.0), Outcome::kPass);
  EXPECT_EQ(outcome(above(9.0)), Outcome::kConditionalPass);
  EXPECT_EQ(outcome(10.0), Outcome::kConditionalPass);
  EXPECT_EQ(outcome(above(10.0)), Outcome::kConditionalFail);
  EXPECT_EQ(outcome(11.0), Outcome::kConditionalFail);
  EXPECT_EQ(outcome(above(11.0)), Outcome::kFail);
  EXPECT_EQ(outcome(3.0), Outcome::kPass);
  EXPECT_EQ(outcome(below(3.0)), Outcome::kConditionalPass);
  EXPECT_EQ(outcome(2.0), Outcome::kConditionalPass);
  EXPECT_EQ(outcome(below(2.0)), Outcome::kConditionalFail);
  EXPECT_EQ(outcome(1.0), Outcome::kConditionalFail);
  EXPECT_EQ(outcome(below(1.0)), Outcome::kFail);
}

TEST(Judge, WithoutUncertaintyAcceptanceIsSimple) {
  const ToleranceLimit limit{std::nullopt, 320.0};
  for (const double value : {311.0, 320.0}) {
    const Judgement judgement = Judge(value, std::nullopt, limit, kGuarded);
    EXPECT_EQ(judgement.outcome, Outcome::kPass);
    EXPECT_FALSE(judgement.p_conformance);
    EXPECT_EQ(judgement.acceptance_upper, 320.0);
  }
  EXPECT_EQ(Judge(320.1, std::nullopt, limit, kGuarded).outcome, Outcome::kFail);
}

TEST(Judge, SimpleAcceptanceHasNoConditions) {
  const ToleranceLimit limit{std::nullopt, 320.0};
  EXPECT_EQ(Judge(320.0, 5.0, limit, kSimple).outcome, Outcome::kPass);
  EXPECT_EQ(Judge(320.1, 5.0, limit, kSimple).outcome, Outcome::kFail);
}

TEST(Judge, ExactValuesConformOrDoNot) {
  EXPECT_EQ(Judge(10.0, 0.0, {2.0, 10.0}, kGuarded).p_conformance, 1.0);
  EXPECT_EQ(Judge(10.1, 0.0, {2.0, 10.0}, kGuarded).p_conformance, 0.0);
  EXPECT_EQ(Judge(10.1, 0.0, {2.0, 10.0}, kGuarded).outcome, Outcome::kFail);
}

TEST(Judge, TailsKeepTheirDigits) {
  const double p = *Judge(-20.0, 1.0, {-10.0, 10.0}, kGuarded).p_conformance;
  EXPECT_NEAR(p / 7.61985302416e-24, 1.0, 1e-9);
  const double mirrored = *Judge(20.0, 1.0, {-10.0, 10.0}, kGuarded).p_conformance;
  EXPECT_NEAR(mirrored / p, 1.0, 1e-12);
}

TEST(Outcome, HasStableNames) {
  EXPECT_EQ(Name(Outcome::kPass), "pass");
  EXPECT_EQ(Name(Outcome::kConditionalPass), "conditional_pass");
  EXPECT_EQ(Name(Outcome::kMethodNotCapable), "method_not_capable");
  EXPECT_EQ(Name(Outcome::kConditionalFail), "conditional_fail");
  EXPECT_EQ(Name(Outcome::kFail), "fail");
}

}  // namespace
}  // namespace sop
