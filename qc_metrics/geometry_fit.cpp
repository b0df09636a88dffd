#include "qc_metrics/geometry_fit.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numbers>
#include <set>

namespace qc_metrics {
namespace {

constexpr int kLeastPoints = 9;
constexpr std::size_t kLeastSide = 3;
constexpr int kPointsForDistortion = 40;
constexpr std::size_t kSideForDistortion = 5;
constexpr std::size_t kPointsForBow = 5;
constexpr double kOutlierSds = 5.0;
constexpr double kMedianRayleigh = 1.17741;
constexpr double kLeastScalePx = 1e-6;
constexpr int kRounds = 8;
constexpr double kDegrees = 180.0 / std::numbers::pi;

using AffineRow = Eigen::Vector3d;
using CubicRow = Eigen::Matrix<double, 10, 1>;

AffineRow AffineOf(const GridPoint& p) {
  return {1.0, static_cast<double>(p.i), static_cast<double>(p.j)};
}

/// All powers up to the third of the place from the image's centre, in half diagonals.
CubicRow CubicOf(const GridPoint& p, const Geometry& g) {
  const double half = 0.5 * std::hypot(g.columns - 1, g.rows - 1);
  const double u = (p.place_px[0] - 0.5 * (g.columns - 1)) / half;
  const double v = (p.place_px[1] - 0.5 * (g.rows - 1)) / half;
  CubicRow row;
  row << 1.0, u, v, u * u, u * v, v * v, u * u * u, u * u * v, u * v * v, v * v * v;
  return row;
}

/// The affine grid and the smooth departure from it.
struct Model {
  Eigen::Matrix<double, 3, 2> affine;
  Eigen::Matrix3d affine_inverse;  ///< of the normal matrix
  bool distorted = false;
  Eigen::Matrix<double, 10, 2> cubic = Eigen::Matrix<double, 10, 2>::Zero();
  Eigen::Matrix<double, 10, 10> cubic_inverse = Eigen::Matrix<double, 10, 10>::Zero();
  std::array<double, 2> sigma_px{};
};

std::pair<std::size_t, std::size_t> Sides(const Geometry& g) {
  std::set<int> columns;
  std::set<int> rows;
  for (const GridPoint& p : g.points) {
    if (!p.kept) continue;
    columns.insert(p.i);
    rows.insert(p.j);
  }
  return {columns.size(), rows.size()};
}

int CountKept(const Geometry& g) {
  return static_cast<int>(
      std::count_if(g.points.begin(), g.points.end(), [](const GridPoint& p) { return p.kept; }));
}

Eigen::RowVector2d ResidualOf(const GridPoint& p) { return {p.residual_px[0], p.residual_px[1]}; }

/// Affine part over the kept points; fills the residual of every point.
void FitAffinePart(Geometry& g, Model& m) {
  Eigen::Matrix3d normal = Eigen::Matrix3d::Zero();
  Eigen::Matrix<double, 3, 2> right = Eigen::Matrix<double, 3, 2>::Zero();
  for (const GridPoint& p : g.points) {
    if (!p.kept) continue;
    normal += AffineOf(p) * AffineOf(p).transpose();
    right += AffineOf(p) * Eigen::RowVector2d(p.place_px[0], p.place_px[1]);
  }
  m.affine_inverse = normal.ldlt().solve(Eigen::Matrix3d::Identity());
  m.affine = m.affine_inverse * right;
  for (GridPoint& p : g.points) {
    const Eigen::RowVector2d expected = AffineOf(p).transpose() * m.affine;
    p.residual_px = {p.place_px[0] - expected[0], p.place_px[1] - expected[1]};
  }
}

/// Smooth departure from the affine part, over the kept points.
void FitSmoothPart(const Geometry& g, Model& m) {
  Eigen::Matrix<double, 10, 10> square = Eigen::Matrix<double, 10, 10>::Zero();
  Eigen::Matrix<double, 10, 2> side = Eigen::Matrix<double, 10, 2>::Zero();
  for (const GridPoint& p : g.points) {
    if (!p.kept) continue;
    const CubicRow row = CubicOf(p, g);
    square += row * row.transpose();
    side += row * ResidualOf(p);
  }
  m.cubic_inverse = square.ldlt().solve(Eigen::Matrix<double, 10, 10>::Identity());
  m.cubic = m.cubic_inverse * side;
}

/// Least squares over the kept points; fills residuals and the smooth part of every point.
Model FitModel(Geometry& g) {
  Model m;
  FitAffinePart(g, m);
  const auto [columns, rows] = Sides(g);
  const int kept = CountKept(g);
  m.distorted = kept >= kPointsForDistortion && std::min(columns, rows) >= kSideForDistortion;
  if (m.distorted) FitSmoothPart(g, m);
  std::array<double, 2> squares{};
  for (GridPoint& p : g.points) {
    const Eigen::RowVector2d smooth = CubicOf(p, g).transpose() * m.cubic;
    p.smooth_px = {smooth[0], smooth[1]};
    for (std::size_t axis = 0; axis < 2 && p.kept; ++axis) {
      squares[axis] += std::pow(p.residual_px[axis] - p.smooth_px[axis], 2);
    }
  }
  const double dof = std::max(1.0, kept - (m.distorted ? 10.0 : 3.0));
  for (std::size_t axis = 0; axis < 2; ++axis) m.sigma_px[axis] = std::sqrt(squares[axis] / dof);
  return m;
}

/// Marks points that disagree with the full model; true when something changed.
bool MarkOutliers(Geometry& g, const std::vector<bool>& indexed) {
  std::vector<double> distances;
  for (const GridPoint& p : g.points) {
    distances.push_back(
        std::hypot(p.residual_px[0] - p.smooth_px[0], p.residual_px[1] - p.smooth_px[1]));
  }
  std::vector<double> sorted;
  for (std::size_t k = 0; k < g.points.size(); ++k) {
    if (indexed[k]) sorted.push_back(distances[k]);
  }
  const auto middle = sorted.begin() + std::ssize(sorted) / 2;
  std::nth_element(sorted.begin(), middle, sorted.end());
  const double limit = kOutlierSds * std::max(kLeastScalePx, *middle / kMedianRayleigh);
  bool changed = false;
  for (std::size_t k = 0; k < g.points.size(); ++k) {
    const bool keep = indexed[k] && distances[k] <= limit;
    changed = changed || keep != g.points[k].kept;
    g.points[k].kept = keep;
  }
  return changed;
}

/// What the step along the columns and the rows says, in the order x1 x2 y1 y2.
using Steps = std::array<double, 4>;

Eigen::Matrix2d ObjectPerPixel(const Steps& s, double pitch_um) {
  Eigen::Matrix2d image_per_step;
  image_per_step << s[0], s[1], s[2], s[3];
  return pitch_um * image_per_step.inverse();
}

double SizeAlong(const Steps& s, double pitch_um, int axis) {
  return ObjectPerPixel(s, pitch_um).col(axis).norm();
}

double RotationDeg(const Steps& s, double pitch_um) {
  // Mean of what both axes say, so that neither their lengths nor the shear between them matter.
  const Eigen::Matrix2d m = ObjectPerPixel(s, pitch_um);
  return -0.5 * kDegrees * (std::atan2(m(1, 0), m(0, 0)) + std::atan2(-m(0, 1), m(1, 1)));
}

double ShearDeg(const Steps& s, double pitch_um) {
  const Eigen::Matrix2d m = ObjectPerPixel(s, pitch_um);
  const Eigen::Vector2d x = m.col(0);
  const Eigen::Vector2d y = m.col(1);
  return 90.0 - kDegrees * std::atan2(x[0] * y[1] - x[1] * y[0], x.dot(y));
}

/// A function of the steps with its uncertainty, by differences.
Estimate Propagate(const Model& m, const std::function<double(const Steps&)>& of) {
  const Steps at = {m.affine(1, 0), m.affine(2, 0), m.affine(1, 1), m.affine(2, 1)};
  std::array<double, 4> slope{};
  for (std::size_t k = 0; k < 4; ++k) {
    const double h = 1e-5 * std::hypot(at[0], at[1], at[2]);
    Steps up = at;
    Steps down = at;
    up[k] += h;
    down[k] -= h;
    slope[k] = (of(up) - of(down)) / (2.0 * h);
  }
  double variance = 0.0;
  for (std::size_t axis = 0; axis < 2; ++axis) {
    const Eigen::Vector2d own(slope[2 * axis], slope[2 * axis + 1]);
    variance += m.sigma_px[axis] * m.sigma_px[axis] *
                own.dot(m.affine_inverse.bottomRightCorner<2, 2>() * own);
  }
  return {of(at), std::sqrt(variance)};
}

/// Variance of the smooth departure at a point, per squared sigma.
double SmoothLeverage(const Model& m, const GridPoint& p, const Geometry& g) {
  const CubicRow cubic = CubicOf(p, g);
  const AffineRow affine = AffineOf(p);
  return std::max(0.0, cubic.dot(m.cubic_inverse * cubic) - affine.dot(m.affine_inverse * affine));
}

double MeanSigma(const Model& m) {
  return std::sqrt(0.5 * (m.sigma_px[0] * m.sigma_px[0] + m.sigma_px[1] * m.sigma_px[1]));
}

Estimate LargestDeparture(const Model& m, const Geometry& g) {
  const double half = 0.5 * std::hypot(g.columns - 1, g.rows - 1);
  Estimate out;
  for (const GridPoint& p : g.points) {
    if (!p.kept) continue;
    const double length = std::hypot(p.smooth_px[0], p.smooth_px[1]);
    if (length / half >= out.value) {
      out = {length / half, MeanSigma(m) * std::sqrt(SmoothLeverage(m, p, g)) / half};
    }
  }
  return out;
}

/// Radial part: departures against the field (p - c) r^2 with its own affine part taken off.
Estimate RadialPart(const Model& m, const Geometry& g) {
  const double half = 0.5 * std::hypot(g.columns - 1, g.rows - 1);
  std::vector<Eigen::RowVector2d> field;
  Eigen::Matrix<double, 3, 2> right = Eigen::Matrix<double, 3, 2>::Zero();
  for (const GridPoint& p : g.points) {
    const Eigen::RowVector2d d(p.place_px[0] - 0.5 * (g.columns - 1),
                               p.place_px[1] - 0.5 * (g.rows - 1));
    field.emplace_back(d * d.squaredNorm() / (half * half));
    if (p.kept) right += AffineOf(p) * field.back();
  }
  const Eigen::Matrix<double, 3, 2> affine = m.affine_inverse * right;
  double along = 0.0;
  double square = 0.0;
  for (std::size_t k = 0; k < g.points.size(); ++k) {
    if (!g.points[k].kept) continue;
    const Eigen::RowVector2d d = field[k] - AffineOf(g.points[k]).transpose() * affine;
    along += ResidualOf(g.points[k]).dot(d);
    square += d.squaredNorm();
  }
  return {along / square, MeanSigma(m) / std::sqrt(square)};
}

/// Largest distance of a smooth row or column from its own straight line.
Estimate LargestBow(const Model& m, const Geometry& g, double pixel_um) {
  Estimate out;
  for (const bool rows : {true, false}) {
    Eigen::RowVector2d along = m.affine.row(rows ? 1 : 2);
    along.normalize();
    std::map<int, std::vector<const GridPoint*>> lines;
    for (const GridPoint& p : g.points) {
      if (p.kept) lines[rows ? p.j : p.i].push_back(&p);
    }
    for (const auto& [number, points] : lines) {
      if (points.size() < kPointsForBow) continue;
      Eigen::Matrix2d normal = Eigen::Matrix2d::Zero();
      Eigen::Vector2d side = Eigen::Vector2d::Zero();
      const auto aside = [&](const GridPoint& p) {
        return along[0] * p.smooth_px[1] - along[1] * p.smooth_px[0];
      };
      const auto row = [&](const GridPoint& p) { return Eigen::Vector2d(1.0, rows ? p.i : p.j); };
      for (const GridPoint* p : points) {
        normal += row(*p) * row(*p).transpose();
        side += row(*p) * aside(*p);
      }
      const Eigen::Vector2d line = normal.ldlt().solve(side);
      for (const GridPoint* p : points) {
        const double bow = pixel_um * std::abs(aside(*p) - row(*p).dot(line));
        if (bow >= out.value) {
          out = {bow, pixel_um * MeanSigma(m) * std::sqrt(SmoothLeverage(m, *p, g))};
        }
      }
    }
  }
  return out;
}

bool LargeEnough(const Geometry& g) {
  const auto [columns, rows] = Sides(g);
  return CountKept(g) >= kLeastPoints && std::min(columns, rows) >= kLeastSide;
}

}  // namespace

bool FitGrid(double pitch_um, Geometry& geometry) {
  if (!LargeEnough(geometry)) return false;
  std::vector<bool> indexed;
  for (const GridPoint& p : geometry.points) indexed.push_back(p.kept);
  Model m = FitModel(geometry);
  for (int round = 0; round < kRounds && MarkOutliers(geometry, indexed); ++round) {
    if (!LargeEnough(geometry)) return false;
    m = FitModel(geometry);
  }
  geometry.kind = GridKind::kGrid;
  geometry.kept = CountKept(geometry);
  geometry.residual_rms_px = m.sigma_px;
  const auto size = [&](int axis) {
    return Propagate(m, [=](const Steps& s) { return SizeAlong(s, pitch_um, axis); });
  };
  geometry.pixel_size_x_um = size(0);
  geometry.pixel_size_y_um = size(1);
  geometry.rotation_deg = Propagate(m, [=](const Steps& s) { return RotationDeg(s, pitch_um); });
  geometry.shear_deg = Propagate(m, [=](const Steps& s) { return ShearDeg(s, pitch_um); });
  if (m.distorted) {
    geometry.distortion = LargestDeparture(m, geometry);
    geometry.radial = RadialPart(m, geometry);
    geometry.straightness_um = LargestBow(
        m, geometry, 0.5 * (geometry.pixel_size_x_um->value + geometry.pixel_size_y_um->value));
  }
  return true;
}

}  // namespace qc_metrics
