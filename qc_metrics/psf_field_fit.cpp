#include "qc_metrics/psf_field_fit.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

namespace qc_metrics {
namespace {

constexpr std::size_t kPointsForTilt = 6;
constexpr std::size_t kPointsForBowl = 12;
constexpr double kNarrowest = 0.08;
constexpr double kTukey = 4.685;
constexpr double kMadToSd = 1.4826;
constexpr double kFewPoints = 25.0;
constexpr int kRounds = 30;

using Vector = Eigen::VectorXd;
using Matrix = Eigen::MatrixXd;

/// Whether the points span both directions of the field.
bool SpanTheField(std::span<const FieldPoint> points) {
  Eigen::Vector2d mean = Eigen::Vector2d::Zero();
  for (const FieldPoint& p : points) mean += Eigen::Vector2d(p.x, p.y);
  mean /= static_cast<double>(points.size());
  Eigen::Matrix2d scatter = Eigen::Matrix2d::Zero();
  for (const FieldPoint& p : points) {
    const Eigen::Vector2d d = Eigen::Vector2d(p.x, p.y) - mean;
    scatter += d * d.transpose();
  }
  scatter /= static_cast<double>(points.size());
  const Eigen::SelfAdjointEigenSolver<Eigen::Matrix2d> solver(scatter, Eigen::EigenvaluesOnly);
  return solver.eigenvalues()[0] > kNarrowest * kNarrowest;
}

/// Robust SD of residuals about zero: the median of their sizes without the smallest, of which the
/// fit has made as many as it has terms, less one.
double ScaleOf(const Vector& residuals, Eigen::Index terms) {
  std::vector<double> sizes(static_cast<std::size_t>(residuals.size()));
  for (Eigen::Index i = 0; i < residuals.size(); ++i) {
    sizes[static_cast<std::size_t>(i)] = std::abs(residuals[i]);
  }
  std::sort(sizes.begin(), sizes.end());
  const auto first = static_cast<std::size_t>(terms - 1);
  const std::size_t count = sizes.size() - first;
  const double upper = sizes[first + count / 2];
  const double lower = sizes[first + (count - 1) / 2];
  return kMadToSd * 0.5 * (lower + upper);
}

/// (1 - t^2)^2 inside |t| < 1, t in units of Tukey's cut.
double Weight(double residual, double scale) {
  const double t = residual / (kTukey * scale);
  return std::abs(t) < 1.0 ? (1.0 - t * t) * (1.0 - t * t) : 0.0;
}

/// d(residual x weight) / d residual.
double Slope(double residual, double scale) {
  const double t = residual / (kTukey * scale);
  return std::abs(t) < 1.0 ? (1.0 - t * t) * (1.0 - 5.0 * t * t) : 0.0;
}

/// Huber's covariance of the terms.
Matrix CovarianceOf(const Matrix& design, const Vector& residuals, double scale) {
  const auto n = static_cast<double>(design.rows());
  const auto p = static_cast<double>(design.cols());
  double squares = 0.0;
  double slope = 0.0;
  double slope_squares = 0.0;
  for (Eigen::Index i = 0; i < residuals.size(); ++i) {
    const double psi = residuals[i] * Weight(residuals[i], scale);
    const double d = Slope(residuals[i], scale);
    squares += psi * psi;
    slope += d / n;
    slope_squares += d * d / n;
  }
  const double variance = std::max(0.0, slope_squares - slope * slope);
  const double correction = 1.0 + p / n * variance / (slope * slope);
  const Matrix inverse =
      (design.transpose() * design).ldlt().solve(Matrix::Identity(design.cols(), design.cols()));
  // The scale of few residuals is uncertain itself; the factor is measured on normal scatter.
  const double few = 1.0 + kFewPoints / ((n - p) * (n - p));
  return few * few * correction * correction * squares / (n - p) / (slope * slope) * inverse;
}

}  // namespace

double FieldFit::At(double x, double y) const {
  return terms[0] + terms[1] * x + terms[2] * y + terms[3] * 2.0 * (x * x + y * y);
}

std::optional<FieldFit> FitField(std::span<const FieldPoint> points) {
  if (points.size() < kPointsForTilt || !SpanTheField(points)) {
    return std::nullopt;
  }
  const Eigen::Index terms = points.size() < kPointsForBowl ? 3 : 4;
  Matrix design(std::ssize(points), terms);
  Vector values(std::ssize(points));
  for (Eigen::Index i = 0; i < values.size(); ++i) {
    const FieldPoint& p = points[static_cast<std::size_t>(i)];
    const Eigen::Vector4d row(1.0, p.x, p.y, 2.0 * (p.x * p.x + p.y * p.y));
    design.row(i) = row.head(terms).transpose();
    values[i] = p.value;
  }
  Vector solution = (design.transpose() * design).ldlt().solve(design.transpose() * values);
  Vector residuals = values - design * solution;
  double scale = ScaleOf(residuals, terms);
  for (int round = 0; round < kRounds && scale > 1e-12 * values.cwiseAbs().maxCoeff(); ++round) {
    const Vector weights = residuals.unaryExpr([&](double r) { return Weight(r, scale); });
    const Matrix weighted = weights.asDiagonal() * design;
    const Vector next = (design.transpose() * weighted).ldlt().solve(weighted.transpose() * values);
    const double moved = (design * (next - solution)).cwiseAbs().maxCoeff();
    solution = next;
    residuals = values - design * solution;
    if (moved < 1e-6 * scale) break;
    scale = ScaleOf(residuals, terms);
  }
  FieldFit out;
  out.points = static_cast<int>(points.size());
  out.fitted_terms = static_cast<int>(terms);
  out.residual_sd = scale;
  const Matrix covariance =
      scale > 0.0 ? CovarianceOf(design, residuals, scale) : Matrix(Matrix::Zero(terms, terms));
  for (Eigen::Index i = 0; i < terms; ++i) {
    out.terms[static_cast<std::size_t>(i)] = solution[i];
    out.u[static_cast<std::size_t>(i)] = std::sqrt(std::max(0.0, covariance(i, i)));
  }
  out.covariance_xy = covariance(1, 2);
  return out;
}

}  // namespace qc_metrics
