// The fits of grid and lines on points made by hand: values and uncertainties have closed forms.

#include "qc_metrics/geometry_fit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "monitor/simulation/random.h"

namespace qc_metrics {
namespace {

constexpr double kDegrees = 180.0 / std::numbers::pi;

// Columns and rows about the image's centre, steps in px.
Geometry Grid(int columns, int rows, double step_x, double step_y) {
  Geometry g;
  g.columns = 401;
  g.rows = 301;
  for (int j = 0; j < rows; ++j) {
    for (int i = 0; i < columns; ++i) {
      GridPoint p;
      p.i = i;
      p.j = j;
      p.place_px = {200.0 + step_x * (i - 0.5 * (columns - 1)),
                    150.0 + step_y * (j - 0.5 * (rows - 1))};
      g.points.push_back(p);
    }
  }
  return g;
}

// Signs in turn are square to level and slopes where both sides are even.
void AddChecker(double dx, double dy, Geometry& g) {
  for (GridPoint& p : g.points) {
    const double sign = (p.i + p.j) % 2 == 0 ? 1.0 : -1.0;
    p.place_px[0] += sign * dx;
    p.place_px[1] += sign * dy;
  }
}

TEST(FitGrid, GivesTheAffineGridItself) {
  // A pixel is .1 um along x and .125 um along y, the grid is turned by 4 degrees, and the image's
  // right angle is 1.5 degrees short.
  const double turn = -4.0 / kDegrees;
  const double shear = 1.5 / kDegrees;
  const double xx = 0.1 * std::cos(turn + 0.5 * shear), yx = 0.1 * std::sin(turn + 0.5 * shear);
  const double xy = -0.125 * std::sin(turn - 0.5 * shear),
               yy = 0.125 * std::cos(turn - 0.5 * shear);
  const double det = xx * yy - xy * yx;
  Geometry g = Grid(6, 5, 1.0, 1.0);
  for (GridPoint& p : g.points) {
    const double u = 2.5 * p.i, v = 2.5 * p.j;  // um
    p.place_px = {60.0 + (yy * u - xy * v) / det, 40.0 + (-yx * u + xx * v) / det};
  }
  ASSERT_TRUE(FitGrid(2.5, g));
  EXPECT_NEAR(g.pixel_size_x_um->value, 0.1, 1e-12);
  EXPECT_NEAR(g.pixel_size_y_um->value, 0.125, 1e-12);
  EXPECT_NEAR(g.rotation_deg.value, 4.0, 1e-9);
  EXPECT_NEAR(g.shear_deg->value, 1.5, 1e-9);
  EXPECT_EQ(g.kept, 30);
}

TEST(FitGrid, UncertaintiesOfTheAffinePartInClosedForm) {
  Geometry g = Grid(6, 6, 20.0, 25.0);
  AddChecker(0.03, 0.05, g);
  ASSERT_TRUE(FitGrid(2.0, g));
  // 36 points, 3 parameters an axis; the sum of (i - mean)^2 is 6 * 17.5.
  const double sx = 0.03 * std::sqrt(36.0 / 33.0), sy = 0.05 * std::sqrt(36.0 / 33.0);
  EXPECT_NEAR(g.residual_rms_px[0], sx, 1e-9);
  EXPECT_NEAR(g.residual_rms_px[1], sy, 1e-9);
  const double root = std::sqrt(105.0);
  EXPECT_NEAR(g.pixel_size_x_um->u, 0.1 * sx / 20.0 / root, 1e-10);
  EXPECT_NEAR(g.pixel_size_y_um->u, 0.08 * sy / 25.0 / root, 1e-10);
  // On the object the pixel's x axis leans by the y step of a column over the y step of a row.
  const double corner = kDegrees * std::hypot(sy / 25.0, sx / 20.0) / root;
  EXPECT_NEAR(g.rotation_deg.u, 0.5 * corner, 1e-7);  // the mean of both axes
  EXPECT_NEAR(g.shear_deg->u, corner, 1e-7);          // their difference
  EXPECT_FALSE(g.distortion);
}

// Pincushion: every point is moved by k r^2 of its distance from the centre, r in half diagonals.
// What the affine part cannot follow is k d (r^2 - c), with c the mean of r^4 over that of r^2.
TEST(FitGrid, ThirdOrderDistortionInClosedForm) {
  const double k = 1e-4;
  Geometry g = Grid(9, 9, 30.0, 30.0);
  const double half = 250.0;  // of 401 x 301
  double fourth = 0.0, second = 0.0, squares = 0.0;
  for (GridPoint& p : g.points) {
    const double dx = p.place_px[0] - 200.0, dy = p.place_px[1] - 150.0;
    const double r2 = (dx * dx + dy * dy) / (half * half);
    p.place_px = {200.0 + dx * (1.0 + k * r2), 150.0 + dy * (1.0 + k * r2)};
    fourth += r2 * r2;
    second += r2;
  }
  const double c = fourth / second;
  double largest = 0.0;
  for (int j = -4; j <= 4; ++j) {
    squares += 900.0 * j * j / 9.0;
    for (int i = -4; i <= 4; ++i) {
      const double r = 30.0 * std::hypot(i, j) / half;
      largest = std::max(largest, k * r * std::abs(r * r - c));
    }
  }
  ASSERT_TRUE(FitGrid(3.0, g));
  ASSERT_TRUE(g.radial && g.distortion && g.straightness_um);
  EXPECT_NEAR(g.radial->value / k, 1.0, 1e-3);
  EXPECT_NEAR(g.distortion->value / largest, 1.0, 1e-3);
  // The outermost row bends by k dy (dx^2 - its mean) from its own line.
  const double bow = k * 120.0 * std::max(squares, 120.0 * 120.0 - squares) / (half * half);
  EXPECT_NEAR(g.straightness_um->value / (0.1 * bow), 1.0, 2e-3);
  EXPECT_LT(g.residual_rms_px[0], 1e-4);
}

// Rows that bend by a x^2, more so where they are nearer to the first one: columns stay straight,
// the bow is the first row's largest distance from its own line, and the first points depart most.
TEST(FitGrid, RowsOrColumnsAloneBend) {
  for (const bool rows_bend : {true, false}) {
    Geometry g = Grid(9, 9, 30.0, 30.0);
    const auto bend = [](int along, int across) {
      const double u = (along - 4) / 4.0;
      return 0.8 * (u * u - 5.0 / 12.0) * (1.0 - 0.6 * (across - 4) / 4.0);
    };
    for (GridPoint& p : g.points) {
      p.place_px[rows_bend ? 1 : 0] += rows_bend ? bend(p.i, p.j) : bend(p.j, p.i);
    }
    ASSERT_TRUE(FitGrid(3.0, g));
    ASSERT_TRUE(g.distortion && g.straightness_um);
    EXPECT_NEAR(g.straightness_um->value, 0.1 * 0.8 * 1.6 * 7.0 / 12.0, 2e-4);
    EXPECT_NEAR(g.distortion->value, 0.8 * 1.6 * 7.0 / 12.0 / 250.0, 1e-5);
  }
}

// Third-order terms that are largest in the corners are the model's, and no outliers.
TEST(FitGrid, KeepsTheCornersOfADistortedGrid) {
  for (const bool along_x : {true, false}) {
    Geometry g = Grid(12, 10, 25.0, 25.0);
    for (GridPoint& p : g.points) {
      const double u = (p.place_px[0] - 200.0) / 140.0, v = (p.place_px[1] - 150.0) / 115.0;
      p.place_px[along_x ? 0 : 1] += along_x ? 4.0 * u * v * v : 4.0 * v * u * u;
    }
    ASSERT_TRUE(FitGrid(1.0, g));
    EXPECT_EQ(g.kept, 120);
    EXPECT_LT(g.residual_rms_px[along_x ? 0 : 1], 0.03);  // 4 px of 140, squared
  }
}

// Of noise in turn: the radial field d r^2 less its own affine part, d c, carries the noise of one
// point over the root of its square.
TEST(FitGrid, RadialUncertaintyInClosedForm) {
  Geometry g = Grid(10, 8, 25.0, 25.0);
  double second_x = 0.0, fourth_x = 0.0, second_y = 0.0, fourth_y = 0.0, square = 0.0;
  const auto r2 = [](const GridPoint& p) {
    return (std::pow(p.place_px[0] - 200.0, 2) + std::pow(p.place_px[1] - 150.0, 2)) / 62500.0;
  };
  for (const GridPoint& p : g.points) {
    const double dx = p.place_px[0] - 200.0, dy = p.place_px[1] - 150.0;
    second_x += dx * dx;
    fourth_x += dx * dx * r2(p);
    second_y += dy * dy;
    fourth_y += dy * dy * r2(p);
  }
  for (const GridPoint& p : g.points) {
    square += std::pow((p.place_px[0] - 200.0) * (r2(p) - fourth_x / second_x), 2);
    square += std::pow((p.place_px[1] - 150.0) * (r2(p) - fourth_y / second_y), 2);
  }
  AddChecker(1e-4, 2e-4, g);
  ASSERT_TRUE(FitGrid(1.0, g));
  const double sigma =
      std::sqrt(0.5 * (std::pow(g.residual_rms_px[0], 2) + std::pow(g.residual_rms_px[1], 2)));
  EXPECT_GT(sigma, 1e-4);
  EXPECT_NEAR(g.radial->u * std::sqrt(square) / sigma, 1.0, 1e-4);
}

// 400 grids of noisy points: the SD of the pulls is known to 3.5 %.
TEST(FitGrid, DistortionIsAsUncertainAsItSays) {
  monitor::simulation::Random random(5);
  double radial = 0.0, departure = 0.0, bow = 0.0, exact_departure = 0.0, exact_bow = 0.0;
  double exact_radial = 0.0;
  for (int trial = 0; trial <= 400; ++trial) {
    Geometry g = Grid(9, 8, 30.0, 30.0);
    for (GridPoint& p : g.points) {
      const double dx = p.place_px[0] - 200.0, dy = p.place_px[1] - 150.0;
      const double grown = 1.0 + 0.02 * (dx * dx + dy * dy) / 62500.0;
      p.place_px = {200.0 + dx * grown, 150.0 + dy * grown};
      if (p.i == 0 && p.j == 0) p.place_px[0] -= 1e-3;  // one corner is the farthest
      if (trial > 0) p.place_px[0] += 0.02 * random.Normal();
      if (trial > 0) p.place_px[1] += 0.02 * random.Normal();
    }
    ASSERT_TRUE(FitGrid(3.0, g));
    if (trial == 0) {  // without noise
      exact_departure = g.distortion->value;
      exact_bow = g.straightness_um->value;
      exact_radial = g.radial->value;
      continue;
    }
    radial += std::pow((g.radial->value - exact_radial) / g.radial->u, 2) / 400.0;
    departure += std::pow((g.distortion->value - exact_departure) / g.distortion->u, 2) / 400.0;
    bow += std::pow((g.straightness_um->value - exact_bow) / g.straightness_um->u, 2) / 400.0;
  }
  EXPECT_GT(std::sqrt(departure), 0.75);  // the largest of four corners is the one that noise lifts
  EXPECT_LT(std::sqrt(departure), 1.35);
  EXPECT_LT(std::sqrt(bow), 1.35);  // u is that of the place, a bow is less uncertain
  EXPECT_GT(std::sqrt(bow), 0.4);
  EXPECT_NEAR(std::sqrt(radial), 1.0, 0.14);
}

TEST(FitGrid, NeedsNinePointsInThreeRowsAndColumns) {
  Geometry square = Grid(3, 3, 20.0, 20.0);
  EXPECT_TRUE(FitGrid(1.0, square));
  square = Grid(3, 3, 20.0, 20.0);
  square.points[4].kept = false;
  EXPECT_FALSE(FitGrid(1.0, square));
  Geometry flat = Grid(6, 2, 20.0, 20.0);
  EXPECT_FALSE(FitGrid(1.0, flat));
  Geometry high = Grid(2, 6, 20.0, 20.0);
  EXPECT_FALSE(FitGrid(1.0, high));
}

TEST(FitGrid, DistortionNeedsFortyPointsInFiveRowsAndColumns) {
  Geometry just = Grid(8, 5, 20.0, 20.0);
  ASSERT_TRUE(FitGrid(1.0, just));
  EXPECT_TRUE(just.distortion && just.radial && just.straightness_um);
  Geometry one_less = Grid(8, 5, 20.0, 20.0);
  one_less.points[20].kept = false;
  ASSERT_TRUE(FitGrid(1.0, one_less));
  EXPECT_FALSE(one_less.distortion);
  Geometry narrow = Grid(12, 4, 20.0, 20.0);
  ASSERT_TRUE(FitGrid(1.0, narrow));
  EXPECT_FALSE(narrow.distortion);
}

// The checker's points lie at 1.414 d; 5 SDs of a Rayleigh distribution of that median are 6.005 d.
TEST(FitGrid, OutliersLieBeyondFiveSds) {
  for (const double away : {5.4, 6.8}) {
    Geometry g = Grid(20, 14, 18.0, 18.0);
    AddChecker(0.01, 0.01, g);
    GridPoint& p = g.points[7 * 20 + 10];
    const GridPoint clean = Grid(20, 14, 18.0, 18.0).points[7 * 20 + 10];
    p.place_px = {clean.place_px[0], clean.place_px[1] + 0.01 * away};
    const bool beyond = away > 6.005;
    ASSERT_TRUE(FitGrid(1.0, g));
    EXPECT_EQ(g.kept, beyond ? 279 : 280);
    EXPECT_EQ(p.kept, !beyond);
    EXPECT_NEAR(p.residual_px[1], 0.01 * away, 1e-3);
  }
}

ParallelLines Lines(int lines, int strips, double step, double slope, LineAxis axis) {
  ParallelLines out{.axis = axis, .step_px = step, .slope = slope, .crossings = {}};
  for (int s = 0; s < strips; ++s) {
    for (int i = 0; i < lines; ++i) {
      out.crossings.push_back({i, 10.0 + step * i + slope * 12.0 * s, 12.0 * s});
    }
  }
  return out;
}

TEST(FitLines, PixelSizeAndRotationWithTheirUncertaintyInClosedForm) {
  for (const LineAxis axis : {LineAxis::kX, LineAxis::kY}) {
    const bool x = axis == LineAxis::kX;
    const double slope = std::tan(3.0 / kDegrees);
    ParallelLines lines = Lines(6, 6, 20.0, slope, axis);
    for (std::size_t k = 0; k < lines.crossings.size(); ++k) {
      lines.crossings[k].along += (k / 6 + k % 6) % 2 == 0 ? 0.03 : -0.03;
    }
    Geometry g;
    ASSERT_TRUE(FitLines(lines, 2.0, g));
    EXPECT_EQ(g.kind, x ? GridKind::kLinesX : GridKind::kLinesY);
    EXPECT_EQ(g.pixel_size_x_um.has_value(), x);
    EXPECT_EQ(g.pixel_size_y_um.has_value(), !x);
    EXPECT_EQ(g.kept, 36);
    const Estimate size = x ? *g.pixel_size_x_um : *g.pixel_size_y_um;
    // Square to the lines the step is shorter by cos 3.
    EXPECT_NEAR(size.value, 2.0 / (20.0 * std::cos(3.0 / kDegrees)), 1e-12);
    EXPECT_NEAR(g.rotation_deg.value, x ? -3.0 : 3.0, 1e-9);
    const double sigma = 0.03 * std::sqrt(36.0 / 33.0);
    EXPECT_NEAR(g.residual_rms_px[x ? 0 : 1], sigma, 1e-9);
    EXPECT_NEAR(size.u, size.value * sigma / 20.0 / std::sqrt(105.0), 1e-9);
    EXPECT_NEAR(g.rotation_deg.u,
                kDegrees * sigma / 12.0 / std::sqrt(105.0) / (1.0 + slope * slope), 1e-8);
    const auto place = g.points[7].place_px;
    EXPECT_NEAR(place[x ? 1 : 0], 12.0, 1e-12);
    EXPECT_EQ(x ? g.points[7].i : g.points[7].j, 1);
  }
}

TEST(FitLines, NeedsThreeLinesAndNineCrossings) {
  Geometry g;
  EXPECT_TRUE(FitLines(Lines(3, 3, 20.0, 0.1, LineAxis::kX), 1.0, g));
  EXPECT_EQ(g.kept, 9);
  EXPECT_FALSE(FitLines(Lines(2, 6, 20.0, 0.1, LineAxis::kX), 1.0, g));
  EXPECT_FALSE(FitLines(Lines(4, 2, 20.0, 0.1, LineAxis::kX), 1.0, g));
}

// The median of |residual| is d: 5 SDs of a normal distribution are 7.413 d.
TEST(FitLines, OutliersLieBeyondFiveSds) {
  for (const double away : {6.8, 8.2}) {
    ParallelLines lines = Lines(16, 16, 20.0, 0.05, LineAxis::kY);
    for (std::size_t k = 0; k < lines.crossings.size(); ++k) {
      lines.crossings[k].along += (k / 16 + k % 16) % 2 == 0 ? 0.01 : -0.01;
    }
    lines.crossings[7 * 16 + 8].along = 10.0 + 20.0 * 8 + 0.05 * 84.0 - 0.01 * away;
    Geometry g;
    ASSERT_TRUE(FitLines(lines, 2.0, g));
    EXPECT_EQ(g.kept, away > 7.413 ? 255 : 256);
    EXPECT_EQ(g.points[7 * 16 + 8].kept, away < 7.413);
  }
}

}  // namespace
}  // namespace qc_metrics
