// Which bead is which, from places alone.

#include "qc_metrics/coregistration_match.h"

#include <gtest/gtest.h>

#include <cmath>

#include "monitor/simulation/random.h"

namespace qc_metrics {
namespace {

using monitor::simulation::Random;
using Places = std::vector<LateralPlace>;

constexpr MatchSettings kField{0.2, 33.0, 33.0};

Places Scattered(int count, Random& random) {
  Places out;
  for (int i = 0; i < count; ++i) {
    out.push_back({random.Uniform(0.0, 33.0), random.Uniform(0.0, 33.0)});
  }
  return out;
}

/// Turned about the centre of the field, magnified, shifted, with some noise.
Places Seen(const Places& places, double x, double y, double magnification, double turn_deg,
            Random& random, double noise = 0.01) {
  const double c = magnification * std::cos(turn_deg * std::numbers::pi / 180.0);
  const double s = magnification * std::sin(turn_deg * std::numbers::pi / 180.0);
  Places out;
  for (const LateralPlace& p : places) {
    const double u = p.x - 16.5;
    const double v = p.y - 16.5;
    out.push_back({16.5 + x + c * u - s * v + noise * random.Normal(),
                   16.5 + y + s * u + c * v + noise * random.Normal()});
  }
  return out;
}

void ExpectIdentity(const Matching& matching, std::size_t count) {
  ASSERT_EQ(matching.state, MatchState::kMatched);
  ASSERT_EQ(matching.partner.size(), count);
  for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(matching.partner[i], static_cast<int>(i));
}

struct View {
  double x, y, magnification, turn_deg;
};

class MatchedViews : public testing::TestWithParam<View> {};

TEST_P(MatchedViews, EveryBeadFindsItself) {
  Random random(11);
  const View& v = GetParam();
  const Places a = Scattered(40, random);
  const Matching matching =
      MatchBeads(a, Seen(a, v.x, v.y, v.magnification, v.turn_deg, random), kField);
  ExpectIdentity(matching, a.size());
  EXPECT_FALSE(matching.regular);
  EXPECT_NEAR(matching.shift_um[0], v.x, 0.2);
  EXPECT_NEAR(matching.shift_um[1], v.y, 0.2);
}

// From nothing to shifts of several bead distances, half a degree, one percent.
INSTANTIATE_TEST_SUITE_P(Views, MatchedViews,
                         testing::Values(View{0, 0, 1, 0}, View{0.13, -0.1, 1.001, 0.05},
                                         View{1.9, 2.2, 1, 0}, View{-9.0, 6.0, 1, 0},
                                         View{0.3, 0.1, 1.02, 0}, View{0.0, 0.3, 1, 1.0},
                                         View{-4.0, 1.0, 1.005, 0.5}));

TEST(CoregistrationMatch, BeadsOfOneChannelOnlyStayAlone) {
  Random random(12);
  const Places a = Scattered(40, random);
  Places b = Seen(a, 0.5, 0.2, 1.0, 0.0, random);
  for (LateralPlace& p : std::span(b).first(10)) {
    p = {random.Uniform(0, 33), random.Uniform(0, 33)};
  }
  b.push_back({40.0, 40.0});
  const Matching matching = MatchBeads(a, b, kField);
  ASSERT_EQ(matching.state, MatchState::kMatched);
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(matching.partner[i], i < 10 ? -1 : static_cast<int>(i));
    EXPECT_NEAR(matching.expected[i].x, a[i].x + 0.5, 0.1);
    EXPECT_NEAR(matching.expected[i].y, a[i].y + 0.2, 0.1);
  }
}

TEST(CoregistrationMatch, FieldsThatHaveNothingInCommonAreRefused) {
  Random random(13);
  for (int i = 0; i < 20; ++i) {
    const Matching matching = MatchBeads(Scattered(30, random), Scattered(30, random), kField);
    EXPECT_EQ(matching.state, MatchState::kNoCommonShift);
    EXPECT_TRUE(matching.partner.empty());
  }
  EXPECT_EQ(MatchBeads({}, Scattered(3, random), kField).state, MatchState::kNoCommonShift);
  EXPECT_EQ(MatchBeads(Scattered(3, random), {}, kField).state, MatchState::kNoCommonShift);
}

TEST(CoregistrationMatch, OneBeadInEachIsAPair) {
  const Places a = {{5.0, 6.0}};
  ExpectIdentity(MatchBeads(a, Places{{6.0, 6.5}}, kField), 1);
}

TEST(CoregistrationMatch, OneBeadAgainstTwoIsTheNearOneOrNone) {
  const Places a = {{16.0, 16.0}};
  const Matching near = MatchBeads(a, Places{{24.0, 9.0}, {16.1, 16.1}}, kField);
  ASSERT_EQ(near.state, MatchState::kMatched);
  EXPECT_EQ(near.partner[0], 1);
  EXPECT_NE(MatchBeads(a, Places{{12.0, 12.0}, {20.0, 20.5}}, kField).state, MatchState::kMatched);
}

TEST(CoregistrationMatch, ThreeBeadsAreEnoughForALargeShift) {
  Random random(14);
  const Places a = {{8.0, 8.0}, {20.0, 11.0}, {13.0, 25.0}};
  ExpectIdentity(MatchBeads(a, Seen(a, 3.0, 4.0, 1.0, 0.0, random), kField), 3);
}

// Of fewer than six beads the mean shift is all that is asked of them: 1 um from .06, -.03 and
// -.03.
TEST(CoregistrationMatch, FewBeadsAreExpectedAtTheirMeanShift) {
  const Places a = {{8.0, 8.0}, {20.0, 11.0}, {13.0, 25.0}};
  const Matching matching =
      MatchBeads(a, Places{{9.06, 8.0}, {20.97, 11.03}, {13.97, 24.97}}, kField);
  ExpectIdentity(matching, 3);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(matching.expected[i].x, a[i].x + 1.0, 1e-9);
    EXPECT_NEAR(matching.expected[i].y, a[i].y, 1e-9);
  }
}

/// A square pattern of the given period that fills the field.
Places Lattice(double period) {
  Places out;
  for (double y = 1.5; y < 33.0; y += period) {
    for (double x = 1.5; x < 33.0; x += period) out.push_back({x, y});
  }
  return out;
}

TEST(CoregistrationMatch, ARegularPatternIsSaidToBeOne) {
  Random random(15);
  const Places a = Lattice(5.0);
  const Matching matching = MatchBeads(a, Seen(a, 0.2, -0.1, 1.001, 0.0, random), kField);
  ExpectIdentity(matching, a.size());
  EXPECT_TRUE(matching.regular);
}

TEST(CoregistrationMatch, HalfAPeriodIsAmbiguous) {
  // The part of an endless pattern that each channel sees holds equally many spots.
  Places a, b;
  for (int i = 0; i < 6; ++i) {
    for (int j = 0; j < 6; ++j) {
      a.push_back({2.5 + 5.0 * i, 2.5 + 5.0 * j});
      if (i < 5) b.push_back({5.0 + 5.0 * i, 2.5 + 5.0 * j});
    }
  }
  EXPECT_EQ(MatchBeads(a, b, kField).state, MatchState::kAmbiguous);
}

TEST(CoregistrationMatch, ManyBeadsAreStillMatched) {
  Random random(16);
  const MatchSettings wide{0.2, 130.0, 130.0};
  Places a;
  for (int i = 0; i < 900; ++i) a.push_back({random.Uniform(0, 130), random.Uniform(0, 130)});
  const Places b = Seen(a, 1.0, 2.0, 1.002, 0.0, random, 0.005);
  const Matching matching = MatchBeads(a, b, wide);
  ASSERT_EQ(matching.state, MatchState::kMatched);
  int right = 0;
  for (std::size_t i = 0; i < a.size(); ++i) right += matching.partner[i] == static_cast<int>(i);
  EXPECT_GE(right, 899);
}

}  // namespace
}  // namespace qc_metrics
