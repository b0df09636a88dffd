// Straight lines through set points made by hand: values and uncertainties in closed form.

#include "qc_metrics/power_linearity.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

namespace qc_metrics {
namespace {

PowerSegment Segment(double setting, double mean_mw, double u_mw) {
  PowerSegment segment;
  segment.line_nm = 488.0;
  segment.setting_percent = setting;
  segment.mean_mw = mean_mw;
  segment.mean_u_mw = u_mw;
  return segment;
}

// Settings 0, 25 .. 100, on the line 2 + .1 x, with `bend` times the cubic pattern -1 2 0 -2 1 that
// no straight line follows.
std::vector<PowerSegment> Five(double bend, double u_mw) {
  const double pattern[] = {-1.0, 2.0, 0.0, -2.0, 1.0};
  std::vector<PowerSegment> segments;
  for (int i = 0; i < 5; ++i) {
    segments.push_back(Segment(25.0 * i, 2.0 + 2.5 * i + bend * pattern[i], u_mw));
  }
  return segments;
}

PowerLinearity Only(const std::vector<PowerSegment>& segments) {
  const auto lines = MeasureLinearity(segments);
  EXPECT_EQ(lines.size(), 1U);
  return lines.empty() ? PowerLinearity{} : lines.front();
}

TEST(MeasureLinearity, LineAndItsUncertaintyInClosedForm) {
  const PowerLinearity line = Only(Five(0.3, 0.01));
  EXPECT_EQ(line.set_points, 5);
  EXPECT_NEAR(line.slope_mw.value, 0.1, 1e-12);
  EXPECT_NEAR(line.intercept_mw.value, 2.0, 1e-12);
  // The sum of (x - 50)^2 is 6250.
  EXPECT_NEAR(line.slope_mw.u, 0.01 / std::sqrt(6250.0), 1e-12);
  EXPECT_NEAR(line.intercept_mw.u, 0.01 * std::sqrt(0.2 + 2500.0 / 6250.0), 1e-12);
  // Of the fit's residuals two are .6 and lie apart from the rest; the largest mean is 12.3 mW.
  EXPECT_NEAR(line.worst_deviation.value, 0.6 / 12.3, 1e-12);
  // Each of both keeps 1 - 1/5 - 1/10 of its variance; which one is the larger is noise, whose
  // excess over zero is the mean of the positive part of their difference's noise.
  const double own = 0.01 * std::sqrt(0.7);
  const double excess = 0.01 * std::sqrt(1.4) / std::sqrt(2.0 * std::numbers::pi);
  EXPECT_NEAR(line.worst_deviation.u, std::hypot(own, excess) / 12.3, 1e-9);
}

// Each point with another uncertainty: by the law of propagation, derivatives by differences.
TEST(MeasureLinearity, UncertaintiesFollowTheMeansOwn) {
  std::vector<PowerSegment> segments = Five(0.3, 0.0);
  double slope = 0.0, intercept = 0.0, r2 = 0.0;
  const PowerLinearity at = Only(segments);
  for (std::size_t i = 0; i < 5; ++i) {
    const double u = 1e-4 * static_cast<double>(i + 1);
    segments[i].mean_u_mw = u;
    auto moved = segments;
    moved[i].mean_mw += 1e-6;
    const PowerLinearity there = Only(moved);
    slope += std::pow(u * (there.slope_mw.value - at.slope_mw.value) / 1e-6, 2);
    intercept += std::pow(u * (there.intercept_mw.value - at.intercept_mw.value) / 1e-6, 2);
    r2 += std::pow(u * (there.r2.value - at.r2.value) / 1e-6, 2);
  }
  const PowerLinearity line = Only(segments);
  EXPECT_NEAR(line.slope_mw.u / std::sqrt(slope), 1.0, 1e-5);
  EXPECT_NEAR(line.intercept_mw.u / std::sqrt(intercept), 1.0, 1e-5);
  // 10 bend^2 of the variance 62.5 + 10 bend^2 of the means is not the line's.
  EXPECT_NEAR(line.r2.value, 1.0 - 0.9 / 63.4, 1e-12);
  EXPECT_NEAR(line.r2.u / std::sqrt(r2), 1.0, 1e-3);
}

// Noise that may lift another point above the one taken: of each other point the mean of what it
// lies above, integrated over the normal distribution of the difference.
TEST(MeasureLinearity, TheLargestOfNoisyDeviationsIsTooLarge) {
  const double u = 0.2;
  const PowerLinearity line = Only(Five(0.3, u));
  const double residual[] = {0.3, 0.6, 0.0, 0.6, 0.3};
  const double leverage[] = {0.6, 0.3, 0.2, 0.3, 0.6};  // 1/5 + (x - 50)^2 / 6250
  double excess = 0.0;
  for (int i = 0; i < 5; ++i) {
    if (i == 1) continue;
    const double sd = u * std::sqrt(2.0 - leverage[i] - leverage[1]);
    const double below = (residual[1] - residual[i]) / sd;
    for (double z = below + 5e-4; z < 9.0; z += 1e-3) {
      excess +=
          sd * 1e-3 * (z - below) * std::exp(-0.5 * z * z) / std::sqrt(2.0 * std::numbers::pi);
    }
  }
  EXPECT_NEAR(line.worst_deviation.u, std::hypot(u * std::sqrt(0.7), excess) / 12.3, 1e-6);
}

// Without any uncertainty of the means there is none of what follows from them.
TEST(MeasureLinearity, ExactMeansGiveNoUncertainty) {
  const PowerLinearity line = Only(Five(0.3, 0.0));
  EXPECT_EQ(line.worst_deviation.u, 0.0);
  EXPECT_EQ(line.slope_mw.u, 0.0);
  EXPECT_EQ(line.r2.u, 0.0);
}

// On the line itself R2 cannot rise: noise alone lowers it by its share of the variance.
TEST(MeasureLinearity, AnExactLineHasTheSecondOrderOfItsNoise) {
  const PowerLinearity line = Only(Five(0.0, 0.01));
  EXPECT_NEAR(line.r2.value, 1.0, 1e-12);
  EXPECT_NEAR(line.r2.u, 3.0 * 1e-4 / 62.5, 1e-12);
  EXPECT_NEAR(line.worst_deviation.value, 0.0, 1e-12);
}

TEST(MeasureLinearity, SegmentsOfOneSettingAreAveraged) {
  std::vector<PowerSegment> segments = Five(0.0, 0.01);
  segments.push_back(Segment(50.0, 7.4, 0.03));  // beside 7.0 with .01
  const PowerLinearity line = Only(segments);
  EXPECT_EQ(line.set_points, 5);
  EXPECT_NEAR(line.means_mw[2], 7.2, 1e-12);
  const double u = 0.5 * std::hypot(0.01, 0.03);
  EXPECT_NEAR(line.intercept_mw.u, std::sqrt(1e-4 * (0.36 + 0.16 + 0.0 + 0.04) + 0.04 * u * u),
              1e-9);
}

TEST(MeasureLinearity, EachLineOnItsOwnAndNothingWithoutALine) {
  std::vector<PowerSegment> segments = Five(0.0, 0.01);
  for (PowerSegment segment : Five(0.1, 0.01)) {
    segment.line_nm = 561.0;
    segments.push_back(segment);
  }
  PowerSegment plain = Segment(10.0, 1.0, 0.1);
  plain.setting_percent.reset();
  segments.push_back(plain);
  const auto lines = MeasureLinearity(segments);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].line_nm, 488.0);
  EXPECT_EQ(lines[1].line_nm, 561.0);
  EXPECT_GT(lines[1].worst_deviation.value, 0.01);
  std::vector<PowerSegment> four = Five(0.0, 0.01);
  four.pop_back();
  EXPECT_TRUE(MeasureLinearity(four).empty());
  std::vector<PowerSegment> flat = Five(0.0, 0.01);
  for (PowerSegment& segment : flat) segment.mean_mw = 3.0;
  EXPECT_TRUE(MeasureLinearity(flat).empty());
  for (std::size_t i = 0; i < 5; ++i) flat[i].mean_mw = -1.0 - 0.1 * static_cast<double>(i);
  EXPECT_TRUE(MeasureLinearity(flat).empty());
}

}  // namespace
}  // namespace qc_metrics
