#include "qc_metrics/psf_shape_evidence.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

namespace qc_metrics {
namespace {

constexpr double kDecay = 0.35;  // of the prior variance from one degree to the next
constexpr double kLeastLogVariance = -10.0;
constexpr double kLogVarianceStep = 0.25;  // decades
constexpr int kGridSteps = 40;
constexpr int kRefinements = 12;

double PriorShape(const Mode& mode) { return std::pow(kDecay, mode.Degree() - 3); }

/// Gain of one class at a prior variance, from its eigenvalues e and projections t.
double Gain(const Eigen::VectorXd& e, const Eigen::VectorXd& t, double variance) {
  double gain = 0.0;
  for (Eigen::Index i = 0; i < e.size(); ++i) {
    const double grown = 1.0 + variance * std::max(0.0, e[i]);
    gain += 0.5 * (t[i] * t[i] * variance / grown - std::log(grown));
  }
  return gain;
}

/// Largest gain over a grid of decades, then by golden section between its neighbours.
ClassEvidence Maximise(const Eigen::VectorXd& e, const Eigen::VectorXd& t) {
  const auto at = [&](double log_variance) { return Gain(e, t, std::pow(10.0, log_variance)); };
  double best = kLeastLogVariance;
  double gain = at(best);
  for (int i = 1; i <= kGridSteps; ++i) {
    const double x = kLeastLogVariance + i * kLogVarianceStep;
    if (const double here = at(x); here > gain) {
      gain = here;
      best = x;
    }
  }
  constexpr double kGolden = 0.6180339887498949;
  double low = std::max(best - kLogVarianceStep, kLeastLogVariance);
  double high = std::min(best + kLogVarianceStep, 0.0);
  for (int i = 0; i < kRefinements; ++i) {
    const double a = high - kGolden * (high - low);
    const double b = low + kGolden * (high - low);
    (at(a) > at(b) ? high : low) = at(a) > at(b) ? b : a;
  }
  const double middle = 0.5 * (low + high);
  return {at(middle), std::pow(10.0, middle)};
}

}  // namespace

std::array<ClassEvidence, kParityClasses> EvidenceOf(const ShapeEquations& equations,
                                                     const std::vector<Mode>& modes,
                                                     const Eigen::VectorXd& coefficients) {
  std::array<ClassEvidence, kParityClasses> out{};
  for (int parity = 0; parity < kParityClasses; ++parity) {
    std::vector<Eigen::Index> members;
    for (std::size_t n = 0; n < modes.size(); ++n) {
      if (modes[n].ParityClass() == parity) members.push_back(static_cast<Eigen::Index>(n));
    }
    if (members.empty()) {
      continue;
    }
    const auto size = std::ssize(members);
    Eigen::MatrixXd scaled(size, size);
    Eigen::VectorXd data(size);
    Eigen::VectorXd own(size);
    for (Eigen::Index i = 0; i < size; ++i)
      own[i] = coefficients[members[static_cast<std::size_t>(i)]];
    for (Eigen::Index i = 0; i < size; ++i) {
      const auto row = static_cast<std::size_t>(i);
      const double root = std::sqrt(PriorShape(modes[static_cast<std::size_t>(members[row])]));
      double sum = equations.score[members[row]];
      for (Eigen::Index j = 0; j < size; ++j) {
        const auto column = static_cast<std::size_t>(j);
        const double h = equations.matrix(members[row], members[column]);
        scaled(i, j) =
            root * h * std::sqrt(PriorShape(modes[static_cast<std::size_t>(members[column])]));
        sum += h * own[j];
      }
      data[i] = root * sum;
    }
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(scaled);
    out[static_cast<std::size_t>(parity)] =
        Maximise(solver.eigenvalues(), solver.eigenvectors().transpose() * data);
  }
  return out;
}

ShapePosterior::ShapePosterior(const ShapeEquations& equations, const std::vector<Mode>& modes,
                               const Eigen::VectorXd& coefficients,
                               const std::array<ClassEvidence, kParityClasses>& evidence)
    : root_(std::ssize(modes)) {
  for (std::size_t n = 0; n < modes.size(); ++n) {
    const auto& prior = evidence[static_cast<std::size_t>(modes[n].ParityClass())];
    root_[static_cast<Eigen::Index>(n)] = std::sqrt(prior.variance * PriorShape(modes[n]));
  }
  // I + L^1/2 H L^1/2 is well conditioned whatever the data.
  llt_.compute(Eigen::MatrixXd::Identity(root_.size(), root_.size()) +
               root_.asDiagonal() * equations.matrix * root_.asDiagonal());
  const Eigen::VectorXd data = equations.score + equations.matrix * coefficients;
  coefficients_ = root_.cwiseProduct(llt_.solve(root_.cwiseProduct(data)));
}

Eigen::MatrixXd ShapePosterior::Covariance() const {
  const Eigen::MatrixXd inverse = llt_.solve(Eigen::MatrixXd::Identity(root_.size(), root_.size()));
  return root_.asDiagonal() * inverse * root_.asDiagonal();
}

}  // namespace qc_metrics
