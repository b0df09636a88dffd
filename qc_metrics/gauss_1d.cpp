#include "qc_metrics/gauss_1d.h"

#include <algorithm>
#include <cmath>

#include "qc_metrics/small_fit.h"

namespace qc_metrics {
namespace {

constexpr std::size_t kFewestSamples = 7;
constexpr double kLeastSigma = 0.3;
constexpr double kSigmaPerFwhm = 0.42466090014400953;

using Vector = SmallFit<4>::Vector;

double Model(double x, const Vector& p, Vector& row) {
  const double u = (x - p[2]) / p[3];
  const double g = std::exp(-0.5 * u * u);
  row << 1.0, g, p[1] * g * u / p[3], p[1] * g * u * u / p[3];
  return p[0] + p[1] * g;
}

Vector Start(std::span<const double> values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const auto peak = high - values.begin();
  const double half = 0.5 * (*low + *high);
  auto left = peak;
  auto right = peak;
  const auto last = static_cast<std::ptrdiff_t>(values.size()) - 1;
  while (left > 0 && values[static_cast<std::size_t>(left)] > half) --left;
  while (right < last && values[static_cast<std::size_t>(right)] > half) ++right;
  const double width = std::max(1.0, static_cast<double>(right - left));
  return {*low, *high - *low, static_cast<double>(peak), kSigmaPerFwhm * width};
}

/// (JtJ)^-1 Jt diag(r^2) J (JtJ)^-1.
SmallFit<4>::Matrix Sandwich(std::span<const double> values, const SmallFit<4>& fit) {
  SmallFit<4>::Matrix middle = SmallFit<4>::Matrix::Zero();
  for (std::size_t i = 0; i < values.size(); ++i) {
    Vector row;
    const double residual = values[i] - Model(static_cast<double>(i), fit.parameters, row);
    // A datum that pulls the curve towards itself leaves a small residual.
    const double leverage = std::min(0.9, row.dot(fit.inverse * row));
    const double scaled = residual / (1.0 - leverage);
    middle += scaled * scaled * row * row.transpose();
  }
  return fit.inverse * middle * fit.inverse;
}

}  // namespace

std::optional<Gauss1d> FitGauss1d(std::span<const double> values) {
  if (values.size() < kFewestSamples) return std::nullopt;
  double mean = 0.0;
  for (const double value : values) mean += value / static_cast<double>(values.size());
  double total = 0.0;
  for (const double value : values) total += (value - mean) * (value - mean);
  if (!(total > 0.0) || !std::isfinite(total)) return std::nullopt;
  const auto fit = FitSmall<4>(
      values.size(), Start(values),
      [](std::size_t i, const Vector& p, Vector& row) {
        return Model(static_cast<double>(i), p, row);
      },
      [&values](std::size_t i) { return values[i]; }, [](std::size_t) { return 1.0; });
  if (!fit) return std::nullopt;
  Gauss1d out{.base = fit->parameters[0],
              .height = fit->parameters[1],
              .centre = fit->parameters[2],
              .sigma = std::abs(fit->parameters[3])};
  const auto last = static_cast<double>(values.size() - 1);
  if (out.centre < 0.0 || out.centre > last || out.sigma < kLeastSigma || out.sigma > last ||
      !(out.height > 0.0)) {
    return std::nullopt;
  }
  const SmallFit<4>::Matrix covariance = Sandwich(values, *fit);
  out.u_centre = std::sqrt(covariance(2, 2));
  out.u_sigma = std::sqrt(covariance(3, 3));
  out.ssr = fit->ssr;
  out.r2 = 1.0 - fit->ssr / total;
  return out;
}

double ValueAt(const Gauss1d& gauss, double x) {
  const double u = (x - gauss.centre) / gauss.sigma;
  return gauss.base + gauss.height * std::exp(-0.5 * u * u);
}

}  // namespace qc_metrics
