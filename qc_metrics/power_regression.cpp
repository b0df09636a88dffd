#include "qc_metrics/power_regression.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

namespace qc_metrics {
namespace {

constexpr double kMostLag1 = 0.97;
constexpr std::size_t kLeastForLag1 = 8;
constexpr int kGrid = 12;
constexpr int kRefinements = 12;
constexpr double kGolden = 0.6180339887498949;
// Of the squares of normal differences, the smallest nine tenths have this part of the mean.
constexpr double kTrimmed = 0.9;
constexpr double kTrimmedMean = 0.62299;
constexpr double kNothingNew = 1e-9;  // of a column's square: what the model already explains

double Dot(std::span<const double> a, std::span<const double> b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// Columns made orthonormal, so that their products lose no digits however alike the columns are
// (NIST's Filip and Longley are tests).
class OrthonormalColumns {
 public:
  explicit OrthonormalColumns(const DesignColumns& columns) {
    const auto rows = static_cast<Eigen::Index>(columns.front().size());
    const auto count = static_cast<Eigen::Index>(columns.size());
    Eigen::MatrixXd design(rows, count);
    for (Eigen::Index j = 0; j < count; ++j) {
      design.col(j) =
          Eigen::Map<const Eigen::VectorXd>(columns[static_cast<std::size_t>(j)].data(), rows);
    }
    const Eigen::RowVectorXd lengths = design.colwise().norm().cwiseMax(1e-300);
    design.array().rowwise() /= lengths.array();
    const Eigen::ColPivHouseholderQR<Eigen::MatrixXd> factor(design);
    // A column that the others already are gets no part: its coefficient is 0.
    const Eigen::Index rank = factor.rank();
    basis_ = factor.householderQ() * Eigen::MatrixXd::Identity(rows, rank);
    Eigen::MatrixXd back = Eigen::MatrixXd::Zero(count, rank);
    back.topRows(rank) = factor.matrixR()
                             .topLeftCorner(rank, rank)
                             .template triangularView<Eigen::Upper>()
                             .solve(Eigen::MatrixXd::Identity(rank, rank));
    back_ = lengths.cwiseInverse().asDiagonal() * (factor.colsPermutation() * back);
  }

  [[nodiscard]] const Eigen::MatrixXd& basis() const { return basis_; }
  /// Takes coefficients of the basis to those of the columns.
  [[nodiscard]] const Eigen::MatrixXd& back() const { return back_; }

 private:
  Eigen::MatrixXd basis_, back_;
};

// Products of columns and values over all pairs of neighbours with one gap: the whitened problem of
// any lag-1 correlation is a sum of them.
struct PairSums {
  Eigen::MatrixXd now;     // x_i' x_i, of columns and, last, values
  Eigen::MatrixXd mixed;   // x_i' x_(i-1)
  Eigen::MatrixXd before;  // x_(i-1)' x_(i-1)
  double pairs = 0.0;
};

// Solves the whitened problem for one lag-1 correlation after another.
class Likelihood {
 public:
  Likelihood(const Eigen::MatrixXd& basis, std::span<const double> values,
             std::span<const int> gaps)
      : z_(basis.rows(), basis.cols() + 1) {
    // Around their mean the values lose no digits to their own size.
    for (const double value : values) mean_ += value / static_cast<double>(values.size());
    z_.leftCols(basis.cols()) = basis;
    for (Eigen::Index i = 0; i < z_.rows(); ++i) {
      z_(i, z_.cols() - 1) = values[static_cast<std::size_t>(i)] - mean_;
    }
    for (Eigen::Index i = 1; i < z_.rows(); ++i) AddPair(i, gaps[static_cast<std::size_t>(i)]);
  }

  struct Solution {
    Eigen::VectorXd coefficients;
    Eigen::MatrixXd inverse;
    double variance = 0.0;
    double cost = std::numeric_limits<double>::infinity();  // -2 log restricted likelihood
  };

  [[nodiscard]] Solution Solve(double lag1) const {
    Eigen::MatrixXd all = z_.row(0).transpose() * z_.row(0);
    double log_scale = 0.0;
    for (const auto& [gap, sums] : sums_) {
      const double a = std::pow(lag1, gap);
      const double variance = 1.0 - a * a;
      all +=
          (sums.now - a * (sums.mixed + sums.mixed.transpose()) + a * a * sums.before) / variance;
      log_scale += sums.pairs * std::log(variance);
    }
    const Eigen::Index p = z_.cols() - 1;
    const Eigen::MatrixXd normal = all.topLeftCorner(p, p);
    const Eigen::VectorXd right = all.topRightCorner(p, 1);
    const Eigen::LDLT<Eigen::MatrixXd> factor(normal);
    Solution solution;
    solution.coefficients = factor.solve(right);
    solution.inverse = factor.solve(Eigen::MatrixXd::Identity(p, p));
    const auto freedom = static_cast<double>(z_.rows() - p);
    if (freedom <= 0.0) return solution;
    solution.variance = std::max(0.0, all(p, p) - solution.coefficients.dot(right)) / freedom;
    const double log_normal = factor.vectorD().array().abs().max(1e-300).log().sum();
    solution.cost =
        freedom * std::log(std::max(solution.variance, 1e-300)) + log_scale + log_normal;
    return solution;
  }

  [[nodiscard]] std::vector<double> Residuals(const Eigen::VectorXd& coefficients) const {
    const Eigen::VectorXd residual = z_.rightCols<1>() - z_.leftCols(z_.cols() - 1) * coefficients;
    return {residual.data(), residual.data() + residual.size()};
  }

  [[nodiscard]] double mean() const { return mean_; }

 private:
  void AddPair(Eigen::Index i, int gap) {
    const Eigen::Index size = z_.cols();
    PairSums& sums = sums_[gap];
    if (sums.pairs == 0.0) {
      sums.now = sums.mixed = sums.before = Eigen::MatrixXd::Zero(size, size);
    }
    sums.pairs += 1.0;
    sums.now.noalias() += z_.row(i).transpose() * z_.row(i);
    sums.mixed.noalias() += z_.row(i).transpose() * z_.row(i - 1);
    sums.before.noalias() += z_.row(i - 1).transpose() * z_.row(i - 1);
  }

  Eigen::MatrixXd z_;
  std::map<int, PairSums> sums_;
  double mean_ = 0.0;
};

double BestLag1(const Likelihood& likelihood) {
  int best = 0;
  double least = std::numeric_limits<double>::infinity();
  for (int i = 0; i <= kGrid; ++i) {
    const double cost = likelihood.Solve(kMostLag1 * i / kGrid).cost;
    if (cost < least) {
      least = cost;
      best = i;
    }
  }
  double low = kMostLag1 * std::max(0, best - 1) / kGrid;
  double high = kMostLag1 * std::min(kGrid, best + 1) / kGrid;
  for (int i = 0; i < kRefinements; ++i) {
    const double left = high - kGolden * (high - low);
    const double right = low + kGolden * (high - low);
    if (likelihood.Solve(left).cost < likelihood.Solve(right).cost) {
      high = right;
    } else {
      low = left;
    }
  }
  return 0.5 * (low + high);
}

// Of the residuals themselves: what a fit explains is not subtracted from what there is.
double WhiteVariance(const std::vector<double>& residuals, std::span<const int> gaps, double lag1,
                     std::size_t columns) {
  if (residuals.size() <= columns) return 0.0;
  double squares = residuals[0] * residuals[0];
  for (std::size_t i = 1; i < residuals.size(); ++i) {
    const double a = std::pow(lag1, gaps[i]);
    const double innovation = residuals[i] - a * residuals[i - 1];
    squares += innovation * innovation / (1.0 - a * a);
  }
  return squares / static_cast<double>(residuals.size() - columns);
}

double TrimmedSquare(std::span<const double> values, std::size_t lag) {
  std::vector<double> squares;
  for (std::size_t i = lag; i < values.size(); ++i) {
    squares.push_back((values[i] - values[i - lag]) * (values[i] - values[i - lag]));
  }
  const auto kept =
      static_cast<std::size_t>(std::ceil(kTrimmed * static_cast<double>(squares.size())));
  if (kept == 0) return 0.0;
  std::nth_element(squares.begin(), squares.begin() + static_cast<std::ptrdiff_t>(kept - 1),
                   squares.end());
  double sum = 0.0;
  for (std::size_t i = 0; i < kept; ++i) sum += squares[i];
  return sum / static_cast<double>(kept) / kTrimmedMean;
}

}  // namespace

SeriesFit FitSeries(const DesignColumns& columns, std::span<const double> values,
                    std::span<const int> gaps) {
  const OrthonormalColumns orthonormal(columns);
  const Likelihood likelihood(orthonormal.basis(), values, gaps);
  SeriesFit fit;
  fit.noise.lag1 = values.size() < kLeastForLag1 ? 0.0 : BestLag1(likelihood);
  const auto solution = likelihood.Solve(fit.noise.lag1);
  fit.residuals = likelihood.Residuals(solution.coefficients);
  const double variance = WhiteVariance(fit.residuals, gaps, fit.noise.lag1, columns.size());
  fit.noise.sd = std::sqrt(variance);
  const Eigen::MatrixXd& back = orthonormal.back();
  const Eigen::VectorXd coefficients = back * solution.coefficients;
  const Eigen::MatrixXd covariance = variance * back * solution.inverse * back.transpose();
  for (Eigen::Index i = 0; i < coefficients.size(); ++i) {
    fit.coefficients.push_back(coefficients(i) + (i == 0 ? likelihood.mean() : 0.0));
    fit.covariance.emplace_back();
    for (Eigen::Index j = 0; j < coefficients.size(); ++j) {
      fit.covariance.back().push_back(covariance(i, j));
    }
  }
  return fit;
}

SeriesNoise NoiseOfDifferences(std::span<const double> values) {
  const double first = TrimmedSquare(values, 1);
  const double second = TrimmedSquare(values, 2);
  if (!(first > 0.0)) return {};
  const double lag1 = std::clamp(second / first - 1.0, 0.0, kMostLag1);
  return {.sd = std::sqrt(first / (2.0 * (1.0 - lag1))), .lag1 = lag1};
}

SeriesScan::SeriesScan(const DesignColumns& columns, std::span<const double> values,
                       std::span<const int> gaps, const SeriesNoise& noise)
    : before_(values.size()), scale_(values.size(), 1.0 / noise.sd) {
  for (std::size_t i = 1; i < values.size(); ++i) {
    before_[i] = std::pow(noise.lag1, gaps[i]);
    scale_[i] = 1.0 / (noise.sd * std::sqrt(1.0 - before_[i] * before_[i]));
  }
  residual_ = Whitened(values);
  for (const auto& column : columns) {
    std::vector<double> direction = Whitened(column);
    const double before = Dot(direction, direction);
    for (int pass = 0; pass < 2; ++pass) {  // twice is enough for orthogonality
      for (const auto& other : basis_) {
        const double part = Dot(direction, other);
        for (std::size_t i = 0; i < direction.size(); ++i) direction[i] -= part * other[i];
      }
    }
    const double square = Dot(direction, direction);
    if (!(square > kNothingNew * before)) continue;
    for (double& v : direction) v /= std::sqrt(square);
    const double part = Dot(residual_, direction);
    for (std::size_t i = 0; i < residual_.size(); ++i) residual_[i] -= part * direction[i];
    basis_.push_back(std::move(direction));
  }
}

std::vector<double> SeriesScan::Whitened(std::span<const double> column) const {
  std::vector<double> white(column.size());
  for (std::size_t i = 0; i < column.size(); ++i) {
    white[i] = scale_[i] * (column[i] - (i == 0 ? 0.0 : before_[i] * column[i - 1]));
  }
  return white;
}

double SeriesScan::Sigmas(std::span<const double> column) const {
  const std::vector<double> white = Whitened(column);
  const double before = Dot(white, white);
  double square = before;
  for (const auto& direction : basis_) square -= std::pow(Dot(white, direction), 2);
  return square > kNothingNew * before ? Dot(white, residual_) / std::sqrt(square) : 0.0;
}

std::vector<double> SeriesScan::StepSigmas() const {
  const std::size_t n = residual_.size();
  std::vector<double> sigmas(n);
  std::vector<double> parts(basis_.size());  // of the step's tail along each direction
  double tail = 0.0;
  double product = 0.0;
  for (std::size_t k = n; k-- > 1;) {
    // The step's first sample has no part of the one before; the later ones have.
    const double head = scale_[k];
    double square = tail + head * head;
    const double before = square;
    for (std::size_t j = 0; j < basis_.size(); ++j) {
      square -= std::pow(parts[j] + head * basis_[j][k], 2);
    }
    if (square > kNothingNew * before) {
      sigmas[k] = (product + head * residual_[k]) / std::sqrt(square);
    }
    const double weight = scale_[k] * (1.0 - before_[k]);
    tail += weight * weight;
    product += weight * residual_[k];
    for (std::size_t j = 0; j < basis_.size(); ++j) parts[j] += weight * basis_[j][k];
  }
  return sigmas;
}

}  // namespace qc_metrics
