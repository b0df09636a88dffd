// The bounds of what counts as an outlier, on values made by hand.

#include "qc_metrics/power_outliers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace qc_metrics {
namespace {

// +1, -1 in turn: the median of seven is the other sign, so that every deviation is 2 and their
// robust SD 2.965. With 5 SDs for 300 samples and the margin of .5 the bound is 16.31.
std::vector<double> Alternating(std::size_t n) {
  std::vector<double> values;
  for (std::size_t i = 0; i < n; ++i) values.push_back(i % 2 == 0 ? 1.0 : -1.0);
  return values;
}

TEST(FindOutliers, LiesBeyondFiveAndAHalfRobustSds) {
  for (const double deviation : {16.2, 16.4}) {
    for (const double sign : {1.0, -1.0}) {
      auto values = Alternating(300);
      const std::size_t at = sign > 0.0 ? 100 : 101;
      values[at] = sign * (deviation - 1.0);
      const auto flags = FindOutliers(values);
      EXPECT_EQ(std::count(flags.begin(), flags.end(), 1), deviation > 16.3 ? 1 : 0) << deviation;
      EXPECT_EQ(flags[at], deviation > 16.3 ? 1 : 0);
    }
  }
}

TEST(FindOutliers, JudgesTheFourthAndTheFourthLastSampleAndNoneNearerTheEnds) {
  for (const std::size_t at : {2UL, 3UL, 296UL, 297UL}) {
    auto values = Alternating(300);
    values[at] = 50.0;
    const auto flags = FindOutliers(values);
    EXPECT_EQ(flags[at], at == 3 || at == 296 ? 1 : 0) << at;
  }
  // Seven samples have one that is judged.
  std::vector<double> seven = {0.0, 1.0, 0.0, 90.0, 0.0, 1.0, 0.0};
  EXPECT_EQ(FindOutliers(seven), (std::vector<char>(7, 0)));  // its own deviation is the scale
}

TEST(SmallestChange, IsOfNeighboursAndNotZero) {
  EXPECT_EQ(SmallestChange(std::vector<double>{3.0, 3.0, 3.5, 3.25, 9.0}), 0.25);
  EXPECT_EQ(SmallestChange(std::vector<double>{1.0, 0.5}), 0.5);
  EXPECT_EQ(SmallestChange(std::vector<double>{2.0, 2.0}), 0.0);
  EXPECT_EQ(SmallestChange(std::vector<double>{2.0}), 0.0);
  EXPECT_EQ(SmallestChange(std::vector<double>{}), 0.0);
}

// With 300 samples the bound is 5.5 of the SD given.
TEST(AddOutlyingEnds, JudgesThreeSamplesOnBothSidesOfAnOutlier) {
  std::vector<double> residuals(300, 0.0);
  std::vector<char> outliers(300);
  outliers[100] = 1;
  for (const std::size_t i : {96UL, 98UL, 102UL, 104UL}) residuals[i] = 2.8;
  for (const std::size_t i : {0UL, 3UL, 296UL, 299UL}) residuals[i] = -2.8;
  residuals[297] = 2.7;
  const auto flags = AddOutlyingEnds(residuals, 0.5, outliers);
  for (std::size_t i = 0; i < 300; ++i) {
    const bool expected = i == 0 || i == 98 || i == 100 || i == 102 || i == 299;
    EXPECT_EQ(flags[i], expected ? 1 : 0) << i;
  }
}

// A start that is off by more than three samples is settling, not outliers.
TEST(AddOutlyingEnds, TakesNoLongRuns) {
  std::vector<double> residuals(300, 0.0);
  for (std::size_t i = 0; i < 3; ++i) residuals[i] = 9.0;
  const std::vector<char> none(300);
  auto flags = AddOutlyingEnds(residuals, 1.0, none);
  EXPECT_EQ(std::count(flags.begin(), flags.end(), 1), 3);
  std::vector<char> beside(300);
  beside[4] = 1;  // now the fourth is judged too
  residuals[3] = 9.0;
  flags = AddOutlyingEnds(residuals, 1.0, beside);
  EXPECT_EQ(std::count(flags.begin(), flags.end(), 1), 1);
}

// A run that begins just behind another one is judged by all of its own length.
TEST(AddOutlyingEnds, TellsRunsApart) {
  std::vector<double> residuals(300, 0.0);
  for (const std::size_t i : {0UL, 2UL, 3UL, 4UL, 5UL}) residuals[i] = 9.0;
  std::vector<char> outliers(300);
  outliers[6] = outliers[7] = 1;
  const auto flags = AddOutlyingEnds(residuals, 1.0, outliers);
  for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(flags[i], i == 0 || i == 6 || i == 7 ? 1 : 0) << i;
}

}  // namespace
}  // namespace qc_metrics
