#include "sop/repeat_study.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace sop {
namespace {

std::vector<Repeat> Three() {
  return {{1.0, 0.0, "ana", "2026-01-05"},
          {1.1, 0.0, "ben", "2026-01-05"},
          {0.9, 0.0, "ana", "2026-01-06"}};
}

TEST(AnalyseRepeatStudy, TakesTheSpreadRelativeToTheMean) {
  const auto result = AnalyseRepeatStudy(Three());
  ASSERT_TRUE(result.reproducibility);
  EXPECT_NEAR(result.reproducibility->relative_u, 0.1, 1e-12);
  EXPECT_EQ(result.reproducibility->n, 3);
}

TEST(AnalyseRepeatStudy, DoesNotCountTheEstimatePartTwice) {
  auto repeats = Three();
  for (Repeat& repeat : repeats) repeat.u_estimate = 0.06;
  EXPECT_NEAR(AnalyseRepeatStudy(repeats).reproducibility->relative_u, 0.08, 1e-12);
  for (Repeat& repeat : repeats) repeat.u_estimate = 0.2;
  EXPECT_EQ(AnalyseRepeatStudy(repeats).reproducibility->relative_u, 0.0);
}

// A shift of .01 +- .03 um repeats to .03 um, wherever it lies; so does a tilt below zero.
TEST(AnalyseRepeatStudy, WhatLiesAboutZeroRepeatsInItsUnit) {
  std::vector<Repeat> repeats = Three();
  for (Repeat& repeat : repeats) repeat.value = 0.3 * (repeat.value - 1.0) + 0.01;
  const Reproducibility shift = *AnalyseRepeatStudy(repeats).reproducibility;
  EXPECT_NEAR(shift.absolute_u, 0.03, 1e-12);
  EXPECT_EQ(shift.relative_u, 0.0);
  repeats = Three();
  for (Repeat& repeat : repeats) repeat.value = -repeat.value;
  EXPECT_NEAR(AnalyseRepeatStudy(repeats).reproducibility->relative_u, 0.1, 1e-12);
  // 5 sample SDs from zero on it is a fraction.
  repeats = {{0.49, 0.0, "ana", "a"}, {0.59, 0.0, "ben", "b"}, {0.39, 0.0, "ana", "b"}};
  EXPECT_NEAR(AnalyseRepeatStudy(repeats).reproducibility->absolute_u, 0.1, 1e-12);
  for (Repeat& repeat : repeats) repeat.value += 0.02;
  EXPECT_NEAR(AnalyseRepeatStudy(repeats).reproducibility->relative_u, 0.1 / 0.51, 1e-12);
}

TEST(AnalyseRepeatStudy, NeedsRemountsPeopleDaysAndNumbers) {
  const auto fault = [](std::vector<Repeat> repeats) { return AnalyseRepeatStudy(repeats).fault; };
  auto repeats = Three();
  repeats.pop_back();
  EXPECT_EQ(fault(repeats), RepeatStudyFault::kTooFewRemounts);
  EXPECT_EQ(fault({}), RepeatStudyFault::kTooFewRemounts);
  repeats = Three();
  repeats[1].performer = "ana";
  EXPECT_EQ(fault(repeats), RepeatStudyFault::kTooFewPeople);
  repeats[1].performer = "";
  EXPECT_EQ(fault(repeats), RepeatStudyFault::kTooFewPeople);
  repeats = Three();
  repeats[2].day = repeats[0].day;
  EXPECT_EQ(fault(repeats), RepeatStudyFault::kTooFewDays);
  repeats = Three();
  repeats[0].value = std::nan("");
  EXPECT_EQ(fault(repeats), RepeatStudyFault::kNotFinite);
}

// Planted: reproducibility 4 %, estimate 3 % of 0.25. The squared result is unbiased, so its mean
// over 4000 studies lies within 4 standard errors of 4 %^2 (3 % of it).
TEST(AnalyseRepeatStudy, RecoversThePlantedReproducibility) {
  std::mt19937_64 random(20261122);
  std::normal_distribution<double> normal;
  constexpr int kStudies = 4000;
  double mean_square = 0.0;
  for (int study = 0; study < kStudies; ++study) {
    std::vector<Repeat> repeats;
    for (int i = 0; i < 12; ++i) {
      const double value = 0.25 * (1.0 + 0.04 * normal(random) + 0.03 * normal(random));
      repeats.push_back({value, 0.03 * 0.25, i % 2 ? "ana" : "ben", i < 6 ? "d1" : "d2"});
    }
    const double u = AnalyseRepeatStudy(repeats).reproducibility->relative_u;
    mean_square += u * u / kStudies;
  }
  EXPECT_NEAR(mean_square / (0.04 * 0.04), 1.0, 0.045);
}

}  // namespace
}  // namespace sop
