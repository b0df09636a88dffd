#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <set>

#include "qc_metrics/geometry_fit.h"

namespace qc_metrics {
namespace {

constexpr int kLeastCrossings = 9;
constexpr std::size_t kLeastLines = 3;
constexpr int kRounds = 8;
constexpr double kOutlierSds = 5.0;
constexpr double kMadToSd = 1.4826;
constexpr double kLeastScalePx = 1e-6;
constexpr double kDegrees = 180.0 / std::numbers::pi;

/// place along the axis = a + b line + c across
struct LineFit {
  Eigen::Vector3d coefficients;
  Eigen::Matrix3d inverse;  ///< of the normal matrix
  double sigma_px = 0.0;
};

Eigen::Vector3d RowOf(const GridPoint& p, std::size_t axis) {
  return {1.0, static_cast<double>(p.i + p.j), p.place_px[1 - axis]};
}

/// Crossings as points; a line counts columns or rows.
void PutPoints(const ParallelLines& lines, Geometry& geometry) {
  const bool cut_x = lines.axis == LineAxis::kX;
  geometry.points.clear();
  for (const LineCrossing& c : lines.crossings) {
    GridPoint p;
    p.place_px = cut_x ? std::array{c.along, c.across} : std::array{c.across, c.along};
    p.i = cut_x ? c.line : 0;
    p.j = cut_x ? 0 : c.line;
    geometry.points.push_back(p);
  }
}

/// Least squares over the kept crossings; nothing when they are too few.
std::optional<LineFit> FitKept(std::size_t axis, Geometry& geometry) {
  Eigen::Matrix3d normal = Eigen::Matrix3d::Zero();
  Eigen::Vector3d right = Eigen::Vector3d::Zero();
  std::set<int> numbers;
  geometry.kept = 0;
  for (const GridPoint& p : geometry.points) {
    if (!p.kept) continue;
    ++geometry.kept;
    numbers.insert(p.i + p.j);
    normal += RowOf(p, axis) * RowOf(p, axis).transpose();
    right += RowOf(p, axis) * p.place_px[axis];
  }
  if (numbers.size() < kLeastLines || geometry.kept < kLeastCrossings) return std::nullopt;
  LineFit fit;
  fit.inverse = normal.ldlt().solve(Eigen::Matrix3d::Identity());
  fit.coefficients = fit.inverse * right;
  double squares = 0.0;
  for (GridPoint& p : geometry.points) {
    p.residual_px = {};
    p.residual_px[axis] = p.place_px[axis] - RowOf(p, axis).dot(fit.coefficients);
    squares += p.kept ? p.residual_px[axis] * p.residual_px[axis] : 0.0;
  }
  fit.sigma_px = std::sqrt(squares / std::max(1, geometry.kept - 3));
  return fit;
}

/// Marks crossings that disagree; true when something changed.
bool MarkOutliers(std::size_t axis, Geometry& geometry) {
  std::vector<double> sizes;
  for (const GridPoint& p : geometry.points) sizes.push_back(std::abs(p.residual_px[axis]));
  const auto middle = sizes.begin() + std::ssize(sizes) / 2;
  std::nth_element(sizes.begin(), middle, sizes.end());
  const double limit = kOutlierSds * std::max(kLeastScalePx, kMadToSd * *middle);
  bool changed = false;
  for (GridPoint& p : geometry.points) {
    const bool keep = std::abs(p.residual_px[axis]) <= limit;
    changed = changed || keep != p.kept;
    p.kept = keep;
  }
  return changed;
}

}  // namespace

bool FitLines(const ParallelLines& lines, double pitch_um, Geometry& geometry) {
  const bool cut_x = lines.axis == LineAxis::kX;
  const std::size_t axis = cut_x ? 0 : 1;
  geometry.kind = cut_x ? GridKind::kLinesX : GridKind::kLinesY;
  PutPoints(lines, geometry);
  std::optional<LineFit> fit = FitKept(axis, geometry);
  for (int round = 0; round < kRounds && fit && MarkOutliers(axis, geometry); ++round) {
    fit = FitKept(axis, geometry);
  }
  if (!fit) return false;
  // Along the axis lines are farther apart than across themselves, by the cosine of the rotation.
  const double step = fit->coefficients[1];
  const double slope = fit->coefficients[2];
  const double lean = std::atan(slope);
  const double size = pitch_um / (step * std::cos(lean));
  (cut_x ? geometry.pixel_size_x_um : geometry.pixel_size_y_um) =
      Estimate{size, size * fit->sigma_px * std::sqrt(fit->inverse(1, 1)) / step};
  geometry.rotation_deg = {
      (cut_x ? -kDegrees : kDegrees) * lean,
      kDegrees * fit->sigma_px * std::sqrt(fit->inverse(2, 2)) / (1.0 + slope * slope)};
  geometry.residual_rms_px = {};
  geometry.residual_rms_px[axis] = fit->sigma_px;
  return true;
}

}  // namespace qc_metrics
