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

double PriorShape(int degree) { return std::pow(kDecay, degree - 3); }

/// Roots of the prior's shape of some functions.
Eigen::VectorXd RootsOf(const ShapeBasis& basis, const std::vector<Eigen::Index>& members) {
  Eigen::VectorXd out(std::ssize(members));
  for (std::size_t n = 0; n < members.size(); ++n) {
    out[static_cast<Eigen::Index>(n)] =
        std::sqrt(PriorShape(basis.degrees[static_cast<std::size_t>(members[n])]));
  }
  return out;
}

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

ShapeEquations OfFunctions(const ShapeBasis& basis, const ShapeEquations& of_modes) {
  const Eigen::MatrixXd& f = basis.functions;
  return {f.transpose() * of_modes.matrix * f, f.transpose() * of_modes.score};
}

FamilyEvidence EvidenceOf(const ShapeEquations& equations, const ShapeBasis& basis,
                          const Eigen::VectorXd& coefficients) {
  FamilyEvidence out{};
  for (int family = 0; family < kShapeFamilies; ++family) {
    std::vector<Eigen::Index> members;
    for (std::size_t n = 0; n < basis.families.size(); ++n) {
      if (basis.families[n] == family) members.push_back(static_cast<Eigen::Index>(n));
    }
    if (members.empty()) {
      continue;
    }
    const Eigen::VectorXd root = RootsOf(basis, members);
    const Eigen::MatrixXd own = equations.matrix(members, members);
    const Eigen::VectorXd data = equations.score(members) + own * coefficients(members);
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(
        Eigen::MatrixXd(root.asDiagonal() * own * root.asDiagonal()));
    out[static_cast<std::size_t>(family)] =
        Maximise(solver.eigenvalues(), solver.eigenvectors().transpose() * root.cwiseProduct(data));
  }
  return out;
}

ShapePosterior::ShapePosterior(const ShapeEquations& equations, const ShapeBasis& basis,
                               const Eigen::VectorXd& coefficients, const FamilyEvidence& evidence)
    : root_(std::ssize(basis.families)) {
  for (std::size_t n = 0; n < basis.families.size(); ++n) {
    const auto& prior = evidence[static_cast<std::size_t>(basis.families[n])];
    root_[static_cast<Eigen::Index>(n)] = std::sqrt(prior.variance * PriorShape(basis.degrees[n]));
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
