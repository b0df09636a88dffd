#include "qc_metrics/smeared_median.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>

namespace qc_metrics {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr int kLeastDegree = 2;
constexpr int kMostDegree = 16;
constexpr int kPastBest = 3;  // degrees that are tried beyond the best one
constexpr int kSteps = 40;
constexpr int kHalvings = 12;
constexpr double kSettled = 1e-4;  // of the logarithm of the likelihood
constexpr double kRidge = 1e-3;    // keeps what is narrower than a bin finite
constexpr double kLeast = 1e-300;

/// Where true values of unit weight are seen; what leaves the bins is lost.
VectorXd Smear(const VectorXd& values, const VectorXd& kernel) {
  const Index bins = values.size();
  const Index reach = kernel.size() / 2;
  VectorXd out = VectorXd::Zero(bins);
  for (Index from = 0; from < bins; ++from) {
    const Index first = std::max<Index>(0, from - reach);
    const Index count = std::min(bins - 1, from + reach) - first + 1;
    out.segment(first, count) += values[from] * kernel.segment(first - from + reach, count);
  }
  return out;
}

/// The transpose: mean of a function of the seen bin for each true one.
VectorXd SeenFrom(const VectorXd& values, const VectorXd& kernel) {
  return Smear(values, kernel.reverse());
}

/// Legendre polynomials of degree 1 and more on the bins' middles.
MatrixXd Basis(Index bins, int degrees) {
  MatrixXd basis(bins, degrees);
  for (Index i = 0; i < bins; ++i) {
    const double x = (2.0 * static_cast<double>(i) + 1.0) / static_cast<double>(bins) - 1.0;
    double before = 1.0;
    double now = x;
    for (int d = 1; d <= degrees; ++d) {
      basis(i, d - 1) = now;
      const double next = ((2.0 * d + 1.0) * x * now - d * before) / (d + 1.0);
      before = now;
      now = next;
    }
  }
  return basis;
}

/// One degree's density and what it says of the median.
class Family {
 public:
  Family(const SmearedCounts& seen, const MatrixXd& basis, const VectorXd& start)
      : seen_(seen),
        counts_(Eigen::Map<const VectorXd>(seen.counts.data(), std::ssize(seen.counts))),
        kernel_(Eigen::Map<const VectorXd>(seen.kernel.data(), std::ssize(seen.kernel))),
        basis_(basis),
        in_bins_(counts_.sum()),
        coefficients_(VectorXd::Zero(basis.cols())) {
    coefficients_.head(start.size()) = start;
    state_ = At(coefficients_);
    for (int step = 0; step < kSteps && Improve(); ++step) continue;
  }

  [[nodiscard]] const VectorXd& Coefficients() const { return coefficients_; }
  [[nodiscard]] double LogLikelihood() const { return state_.log_likelihood; }

  [[nodiscard]] SmearedMedian Median() const {
    const VectorXd density = state_.density / state_.density.sum();
    VectorXd influence;
    SmearedMedian out{.place = Place(density, influence)};
    const MatrixXd score = Score();
    const VectorXd moved = basis_.transpose() * density.cwiseProduct(influence);
    const VectorXd weights = Information(score).ldlt().solve(moved) * in_bins_;
    const VectorXd of_seen = score * weights;
    const double both = density.cwiseProduct(influence).dot(SeenFrom(of_seen, kernel_));
    const double variance = moved.dot(weights) - 2.0 * both + density.dot(influence.cwiseAbs2());
    out.u = std::sqrt(std::max(0.0, variance) / in_bins_);
    return out;
  }

 private:
  struct State {
    VectorXd density, smeared;  // the smeared one sums to 1
    double log_likelihood = 0.0;
  };

  [[nodiscard]] State At(const VectorXd& coefficients) const {
    State state;
    VectorXd exponent = basis_ * coefficients;
    exponent.array() -= exponent.maxCoeff();
    state.density = exponent.array().exp();
    state.smeared = Smear(state.density, kernel_);
    const double sum = state.smeared.sum();
    state.density /= sum;
    state.smeared /= sum;
    state.log_likelihood = counts_.dot(state.smeared.array().max(kLeast).log().matrix());
    return state;
  }

  /// How the logarithm of each smeared bin moves with the coefficients.
  [[nodiscard]] MatrixXd Score() const {
    MatrixXd score(basis_.rows(), basis_.cols());
    for (Index d = 0; d < basis_.cols(); ++d) {
      score.col(d) = Smear(state_.density.cwiseProduct(basis_.col(d)), kernel_).array() /
                     state_.smeared.array().max(kLeast);
    }
    const Eigen::RowVectorXd mean = state_.smeared.transpose() * score;
    return score.rowwise() - mean;
  }

  [[nodiscard]] MatrixXd Information(const MatrixXd& score) const {
    MatrixXd information = in_bins_ * score.transpose() * state_.smeared.asDiagonal() * score;
    information.diagonal().array() += kRidge;
    return information;
  }

  /// A step of Fisher's scoring, as long as the likelihood allows; false when nothing is gained.
  bool Improve() {
    const MatrixXd score = Score();
    VectorXd move = Information(score).ldlt().solve(score.transpose() * counts_);
    for (int i = 0; i < kHalvings; ++i, move *= 0.5) {
      State next = At(coefficients_ + move);
      const double gain = next.log_likelihood - state_.log_likelihood;
      if (!(gain > 0.0)) continue;
      coefficients_ += move;
      state_ = std::move(next);
      return gain > kSettled;
    }
    return false;
  }

  /// The median, and how a true value of each bin moves it.
  double Place(const VectorXd& density, VectorXd& influence) const {
    const Index bins = density.size();
    const VectorXd middles = VectorXd::LinSpaced(bins, 0.5, static_cast<double>(bins) - 0.5);
    const double mean = density.dot(middles);
    const double variance = density.dot((middles.array() - mean).square().matrix());
    influence = middles.array() - mean;
    if (variance < 1.0) return mean;
    // Half of all values, less those that were true below the first bin: the seen ones there but
    // for what the bins lost to them.
    double left = 0.5 * seen_.total - seen_.below + in_bins_ * LostBelow();
    Index bin = 0;
    for (; bin + 1 < bins && left > in_bins_ * state_.density[bin]; ++bin) {
      left -= in_bins_ * state_.density[bin];
    }
    const double share = std::clamp(left / (in_bins_ * state_.density[bin]), 0.0, 1.0);
    influence.head(bin).setConstant(-0.5 / density[bin]);
    influence.tail(bins - bin - 1).setConstant(0.5 / density[bin]);
    influence[bin] = (0.5 - share) / density[bin];
    influence.array() -= density.dot(influence);
    return static_cast<double>(bin) + share;
  }

  [[nodiscard]] double LostBelow() const {
    const Index reach = kernel_.size() / 2;
    double lost = 0.0;
    for (Index bin = 0; bin < std::min(reach, state_.density.size()); ++bin) {
      lost += state_.density[bin] * kernel_.head(reach - bin).sum();
    }
    return lost;
  }

  const SmearedCounts& seen_;
  VectorXd counts_, kernel_;
  MatrixXd basis_;
  double in_bins_ = 0.0;
  VectorXd coefficients_;
  State state_;
};

}  // namespace

SmearedMedian MedianBehind(const SmearedCounts& seen) {
  const auto bins = std::ssize(seen.counts);
  VectorXd coefficients(0);
  std::vector<SmearedMedian> medians;
  std::vector<double> criteria;
  for (int degree = kLeastDegree; degree <= kMostDegree; ++degree) {
    const Family family(seen, Basis(bins, degree), coefficients);
    coefficients = family.Coefficients();
    medians.push_back(family.Median());
    criteria.push_back(family.LogLikelihood() - degree);
    const auto best = std::max_element(criteria.begin(), criteria.end());
    if (criteria.end() - best > kPastBest) break;
  }
  const double best = *std::max_element(criteria.begin(), criteria.end());
  double sum = 0.0;
  SmearedMedian out;
  for (std::size_t i = 0; i < medians.size(); ++i) {
    criteria[i] = std::exp(criteria[i] - best);
    sum += criteria[i];
    out.place += criteria[i] * medians[i].place;
  }
  out.place /= sum;
  for (std::size_t i = 0; i < medians.size(); ++i) {
    out.u += criteria[i] / sum * std::hypot(medians[i].u, medians[i].place - out.place);
  }
  return out;
}

}  // namespace qc_metrics
