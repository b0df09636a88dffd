// Grids of spots made by hand: which spot is which column and row, and what is not of the grid.

#include "qc_metrics/grid_lattice.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <map>
#include <utility>
#include <vector>

namespace qc_metrics {
namespace {

using Place = std::pair<double, double>;

std::vector<GridSpot> Spots(int columns, int rows, const std::function<Place(int, int)>& place) {
  std::vector<GridSpot> spots;
  for (int j = 0; j < rows; ++j) {
    for (int i = 0; i < columns; ++i) {
      const auto [x, y] = place(i, j);
      spots.push_back({x, y, 100.0});
    }
  }
  return spots;
}

std::function<Place(int, int)> Turned(double step, double degrees) {
  const double c = step * std::cos(degrees * 0.017453292519943295);
  const double s = step * std::sin(degrees * 0.017453292519943295);
  return [=](int i, int j) { return Place{300.0 + c * i - s * j, 200.0 + s * i + c * j}; };
}

// The place of each indexed spot less that of the steps told is the same for all.
void ExpectPlain(const Lattice& lattice, const std::vector<GridSpot>& spots, double within) {
  const LatticePoint& first = lattice.points.front();
  for (const LatticePoint& p : lattice.points) {
    const int i = p.i - first.i, j = p.j - first.j;
    EXPECT_NEAR(spots[p.spot].x_px - spots[first.spot].x_px,
                i * lattice.along_x_px[0] + j * lattice.along_y_px[0], within);
    EXPECT_NEAR(spots[p.spot].y_px - spots[first.spot].y_px,
                i * lattice.along_x_px[1] + j * lattice.along_y_px[1], within);
  }
}

TEST(IndexLattice, CountsColumnsAlongTheAxisNearerToX) {
  for (const double degrees : {0.0, 20.0, -30.0, 44.0, 46.0, 90.0, 160.0, -120.0}) {
    const auto spots = Spots(9, 6, Turned(20.0, degrees));
    const auto lattice = IndexLattice(spots);
    ASSERT_TRUE(lattice.has_value()) << degrees;
    EXPECT_EQ(lattice->points.size(), 54U) << degrees;
    EXPECT_TRUE(lattice->strays.empty());
    ExpectPlain(*lattice, spots, 1e-6);
    const auto& x = lattice->along_x_px;
    const auto& y = lattice->along_y_px;
    EXPECT_NEAR(std::hypot(x[0], x[1]), 20.0, 1e-9);
    EXPECT_NEAR(x[0] * y[0] + x[1] * y[1], 0.0, 1e-6);
    EXPECT_GT(x[0], std::abs(x[1])) << degrees;  // to the right
    EXPECT_GT(y[1], std::abs(y[0])) << degrees;  // and down
  }
}

// Oblong and sheared cells: the second step is the grid's own, not the first one turned.
TEST(IndexLattice, KnowsBothStepsOnTheirOwn) {
  const auto spots = Spots(8, 8, [](int i, int j) {
    return Place{50.0 + 20.0 * i + 0.8 * j, 50.0 + 20.6 * j};
  });
  const auto lattice = IndexLattice(spots);
  ASSERT_TRUE(lattice.has_value());
  EXPECT_EQ(lattice->points.size(), 64U);
  EXPECT_NEAR(lattice->along_x_px[0], 20.0, 1e-9);
  EXPECT_NEAR(lattice->along_y_px[0], 0.8, 1e-9);
  EXPECT_NEAR(lattice->along_y_px[1], 20.6, 1e-9);
}

// Each step is 3 % longer than the one before: over 14 columns they add up to half a step more
// than the mean, and still every spot is followed.
TEST(IndexLattice, FollowsADistortedGrid) {
  const auto spots = Spots(15, 15, [](int i, int j) {
    const double u = i - 7.0, v = j - 7.0;
    const double grown = 1.0 + 0.003 * (u * u + v * v);
    return Place{400.0 + 20.0 * u * grown, 400.0 + 20.0 * v * grown};
  });
  const auto lattice = IndexLattice(spots);
  ASSERT_TRUE(lattice.has_value());
  EXPECT_EQ(lattice->points.size(), 225U);
  std::map<std::size_t, Place> index;
  for (const LatticePoint& p : lattice->points) index[p.spot] = {p.i, p.j};
  for (int j = 0; j < 15; ++j) {
    for (int i = 0; i < 15; ++i) {
      const auto spot = static_cast<std::size_t>(15 * j + i);
      EXPECT_EQ(index[spot].first - index[0].first, i);
      EXPECT_EQ(index[spot].second - index[0].second, j);
    }
  }
}

// Spots in one row alone: the step that nothing tells is square to the one that is seen.
TEST(IndexLattice, ARowHasASquareSecondStep) {
  for (const double degrees : {10.0, 80.0}) {
    const auto spots = Spots(12, 1, Turned(20.0, degrees));
    const auto lattice = IndexLattice(spots);
    ASSERT_TRUE(lattice.has_value());
    EXPECT_EQ(lattice->points.size(), 12U);
    const auto& x = lattice->along_x_px;
    const auto& y = lattice->along_y_px;
    EXPECT_NEAR(std::hypot(y[0], y[1]), 20.0, 1e-9);
    EXPECT_NEAR(x[0] * y[0] + x[1] * y[1], 0.0, 1e-9);
  }
}

// Behind a gap of two columns the grid goes on with the right numbers, behind four it does not:
// the model is not trusted more than three steps beyond what is known.
TEST(IndexLattice, ReachesOverAGapOfThreeSteps) {
  for (const int gap : {2, 4}) {
    const auto place = Turned(20.0, 5.0);
    const auto spots = Spots(12, 8, [&](int i, int j) { return place(i >= 9 ? i + gap : i, j); });
    const auto lattice = IndexLattice(spots);
    ASSERT_TRUE(lattice.has_value());
    EXPECT_EQ(lattice->points.size(), gap == 2 ? 96U : 72U);
    EXPECT_EQ(lattice->strays.size(), gap == 2 ? 0U : 24U);
    ExpectPlain(*lattice, spots, 1e-6);
  }
}

// A spot belongs to the grid within a quarter of the step from where it is expected.
TEST(IndexLattice, LeavesOutWhatLiesAside) {
  for (const double off : {0.22, 0.28}) {
    const auto place = Turned(20.0, 0.0);
    auto spots = Spots(9, 7, place);
    spots[3 * 9 + 4].x_px += 20.0 * off;  // one of the grid, moved
    spots.push_back({place(2, 2).first + 10.0, place(2, 2).second + 10.0, 50.0});
    const auto lattice = IndexLattice(spots);
    ASSERT_TRUE(lattice.has_value());
    EXPECT_EQ(lattice->points.size(), off < 0.25 ? 63U : 62U);
    EXPECT_EQ(lattice->strays.size(), off < 0.25 ? 1U : 2U);
    EXPECT_EQ(lattice->strays.back(), 63U);
  }
}

TEST(IndexLattice, NeedsFourSpots) {
  const auto place = Turned(20.0, 10.0);
  const auto four = Spots(2, 2, place);
  const auto lattice = IndexLattice(four);
  ASSERT_TRUE(lattice.has_value());
  EXPECT_EQ(lattice->points.size(), 4U);
  ExpectPlain(*lattice, four, 1e-9);
  EXPECT_FALSE(IndexLattice(std::span(four).first(3)).has_value());
  EXPECT_FALSE(IndexLattice({}).has_value());
  const std::vector<GridSpot> one_place(6, {10.0, 10.0, 1.0});
  EXPECT_FALSE(IndexLattice(one_place).has_value());
}

}  // namespace
}  // namespace qc_metrics
