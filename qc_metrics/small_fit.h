#pragma once

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <cmath>
#include <cstddef>
#include <optional>

namespace qc_metrics {

/// A least-squares fit of a few parameters.
template <int kParameters>
struct SmallFit {
  using Vector = Eigen::Matrix<double, kParameters, 1>;
  using Matrix = Eigen::Matrix<double, kParameters, kParameters>;

  Vector parameters = Vector::Zero();
  Matrix inverse = Matrix::Zero();  ///< of the weighted normal matrix
  double ssr = 0.0;                 ///< weighted sum of squared residuals
};

/// Levenberg-Marquardt from `start` over `count` data; nothing where it finds no finite optimum.
///
/// `model(i, parameters, row)` gives the value of datum i and writes its derivatives into `row`;
/// `datum(i)` is what was measured and `weight(i)` its weight.
template <int kParameters, typename Model, typename Datum, typename Weight>
[[nodiscard]] std::optional<SmallFit<kParameters>> FitSmall(
    std::size_t count, typename SmallFit<kParameters>::Vector start, const Model& model,
    const Datum& datum, const Weight& weight) {
  using Fit = SmallFit<kParameters>;
  using Vector = typename Fit::Vector;
  using Matrix = typename Fit::Matrix;
  constexpr int kMostSteps = 200;
  const auto build = [&](const Vector& at, Matrix& normal, Vector& gradient) {
    normal.setZero();
    gradient.setZero();
    double ssr = 0.0;
    for (std::size_t i = 0; i < count; ++i) {
      Vector row;
      const double residual = datum(i) - model(i, at, row);
      const double w = weight(i);
      normal += w * row * row.transpose();
      gradient += w * residual * row;
      ssr += w * residual * residual;
    }
    return ssr;
  };
  Fit fit{.parameters = start};
  Matrix normal;
  Vector gradient;
  fit.ssr = build(start, normal, gradient);
  double damping = 1e-3;
  for (int step = 0; step < kMostSteps && damping < 1e12; ++step) {
    Matrix damped = normal;
    damped.diagonal() *= 1.0 + damping;
    const Vector trial = fit.parameters + damped.ldlt().solve(gradient);
    Matrix next_normal;
    Vector next_gradient;
    const double ssr = trial.allFinite() ? build(trial, next_normal, next_gradient) : HUGE_VAL;
    if (!std::isfinite(ssr) || ssr > fit.ssr) {
      damping *= 10.0;
      continue;
    }
    const bool done = fit.ssr - ssr <= 1e-13 * fit.ssr;
    fit.parameters = trial;
    fit.ssr = ssr;
    normal = next_normal;
    gradient = next_gradient;
    damping *= 0.1;
    if (done) break;
  }
  fit.inverse = normal.ldlt().solve(Matrix::Identity());
  if (!fit.parameters.allFinite() || !fit.inverse.allFinite()) return std::nullopt;
  return fit;
}

}  // namespace qc_metrics
