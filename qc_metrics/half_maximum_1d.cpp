#include "qc_metrics/half_maximum_1d.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

namespace qc_metrics {
namespace {

constexpr int kUnknowns = 5;  // a polynomial of fourth degree
constexpr int kSteps = 8;
constexpr std::size_t kFewestSamples = 7;
constexpr double kFitFrom = 0.2;                            // of the height
constexpr double kLeastShare = 0.05;                        // of the height, in a weight
constexpr double kMedianVariance = std::numbers::pi / 2.0;  // of a median, over that of a mean
constexpr double kGrid = 0.125;                             // samples

using Index = std::ptrdiff_t;
using Vector = Eigen::Matrix<double, kUnknowns, 1>;
using Matrix = Eigen::Matrix<double, kUnknowns, kUnknowns>;

/// Samples on either side that the base is taken from.
std::size_t OuterCount(std::size_t samples) { return std::max<std::size_t>(2, samples / 10); }

double Base(std::span<const double> values) {
  const auto side = static_cast<Index>(OuterCount(values.size()));
  std::vector<double> outer(values.begin(), values.begin() + side);
  outer.insert(outer.end(), values.end() - side, values.end());
  std::nth_element(outer.begin(), outer.begin() + side, outer.end());
  const double upper = outer[static_cast<std::size_t>(side)];
  return 0.5 * (upper + *std::max_element(outer.begin(), outer.begin() + side));
}

/// Variance of a sample of the base, from the second differences of its outer fifths.
double BaseNoise(std::span<const double> values) {
  const std::size_t side = std::max<std::size_t>(3, values.size() / 5);
  double squares = 0.0;
  double n = 0.0;
  for (std::size_t i = 1; i + 1 < values.size(); ++i) {
    if (i + 1 >= side && i + side <= values.size()) continue;
    const double bend = values[i - 1] - 2.0 * values[i] + values[i + 1];
    squares += bend * bend / 6.0;
    n += 1.0;
  }
  return n > 0.0 ? squares / n : 0.0;
}

/// First and last sample of the peak.
struct Window {
  Index first = 0, last = 0;
  [[nodiscard]] Index Count() const { return last - first + 1; }
};

Window AroundPeak(std::span<const double> values, double base) {
  const Index end = static_cast<Index>(values.size()) - 1;
  const Index peak = std::max_element(values.begin(), values.end()) - values.begin();
  const auto at = [&](Index i) { return values[static_cast<std::size_t>(i)]; };
  const double level = base + kFitFrom * (at(peak) - base);
  Window window{peak, peak};
  while (window.first > 0 && at(window.first - 1) > level) --window.first;
  while (window.last < end && at(window.last + 1) > level) ++window.last;
  while (window.Count() < static_cast<Index>(kFewestSamples)) {
    if (window.first > 0) --window.first;
    if (window.last < end) ++window.last;
  }
  return window;
}

/// base + exp(polynomial) through the peak, weighted by one over the light.
class PeakFit {
 public:
  PeakFit(std::span<const double> values, double base) : window_(AroundPeak(values, base)) {
    const auto [first, last] = window_;
    middle_ = 0.5 * static_cast<double>(first + last);
    half_ = 0.5 * static_cast<double>(last - first);
    for (Index i = first; i <= last; ++i) {
      light_.push_back(values[static_cast<std::size_t>(i)] - base);
    }
    const double height = *std::max_element(light_.begin(), light_.end());
    for (const double light : light_) {
      weights_.push_back(1.0 / std::max(light, kLeastShare * height));
    }
    polynomial_ = Start(height);
    for (int step = 0; step < kSteps && Improve(); ++step) continue;
  }

  /// Powers of a place, which is in samples.
  [[nodiscard]] Vector Powers(double place) const {
    const double x = (place - middle_) / half_;
    return {1.0, x, x * x, x * x * x, x * x * x * x};
  }
  [[nodiscard]] double Logarithm(double place) const { return polynomial_.dot(Powers(place)); }
  [[nodiscard]] double Slope(double place) const {
    const double x = (place - middle_) / half_;
    return polynomial_.dot(Vector(0.0, 1.0, 2.0 * x, 3.0 * x * x, 4.0 * x * x * x)) / half_;
  }
  [[nodiscard]] const Window& Of() const { return window_; }

  /// Variance of what moves with the polynomial as `gradient` says. The noise of the light is what
  /// the residuals show beside that of the base; few of them scatter by more than they show.
  [[nodiscard]] double Variance(const Vector& gradient, double base_noise, double base_u2) const {
    Matrix normal = Matrix::Zero(), of_base = Matrix::Zero(), of_light = Matrix::Zero();
    Vector with_base = Vector::Zero();
    double of_ones = 0.0;
    const auto n = static_cast<double>(light_.size());
    for (std::size_t i = 0; i < light_.size(); ++i) {
      const Vector powers = PowersOf(i);
      const double model = std::exp(polynomial_.dot(powers));
      const Vector row = model * powers;
      normal += weights_[i] * row * row.transpose();
      of_base += weights_[i] * weights_[i] * row * row.transpose();
      of_light += weights_[i] * weights_[i] * model * row * row.transpose();
      with_base += weights_[i] * row;
      of_ones += weights_[i] / n;
    }
    const double freedom = n - kUnknowns;
    const double few = freedom > 2.0 ? freedom / (freedom - 2.0) : 3.0;
    const double growth = std::max(0.0, Squares(polynomial_) / freedom - base_noise * of_ones);
    const Vector moved = normal.ldlt().solve(gradient);
    return few * (base_noise * moved.dot(of_base * moved) + growth * moved.dot(of_light * moved)) +
           base_u2 * std::pow(moved.dot(with_base), 2);
  }

 private:
  [[nodiscard]] Vector PowersOf(std::size_t i) const {
    return Powers(static_cast<double>(window_.first) + static_cast<double>(i));
  }

  /// Weighted fit of the logarithms.
  [[nodiscard]] Vector Start(double height) const {
    Matrix normal = Matrix::Zero();
    Vector right = Vector::Zero();
    for (std::size_t i = 0; i < light_.size(); ++i) {
      const double light = std::max(light_[i], kLeastShare * height);
      const Vector powers = PowersOf(i);
      normal += light * powers * powers.transpose();
      right += light * std::log(light) * powers;
    }
    return normal.ldlt().solve(right);
  }

  [[nodiscard]] double Squares(const Vector& polynomial) const {
    double squares = 0.0;
    for (std::size_t i = 0; i < light_.size(); ++i) {
      squares += weights_[i] * std::pow(light_[i] - std::exp(polynomial.dot(PowersOf(i))), 2);
    }
    return squares;
  }

  /// One Gauss-Newton step on the values themselves, as a logarithm is biased by noise; false where
  /// it leads nowhere.
  bool Improve() {
    Matrix normal = Matrix::Zero();
    Vector right = Vector::Zero();
    for (std::size_t i = 0; i < light_.size(); ++i) {
      const Vector powers = PowersOf(i);
      const double model = std::exp(polynomial_.dot(powers));
      normal += weights_[i] * model * model * powers * powers.transpose();
      right += weights_[i] * model * (light_[i] - model) * powers;
    }
    const Vector next = polynomial_ + normal.ldlt().solve(right);
    if (!(Squares(next) < Squares(polynomial_))) return false;
    polynomial_ = next;
    return true;
  }

  Window window_;
  double middle_ = 0.0, half_ = 1.0;
  std::vector<double> light_, weights_;
  Vector polynomial_ = Vector::Zero();
};

double Highest(const PeakFit& fit) {
  const auto first = static_cast<double>(fit.Of().first);
  const auto last = static_cast<double>(fit.Of().last);
  double best = first;
  for (double place = first; place <= last; place += kGrid) {
    if (fit.Logarithm(place) > fit.Logarithm(best)) best = place;
  }
  double low = std::max(first, best - kGrid);
  double high = std::min(last, best + kGrid);
  for (int i = 0; i < 50; ++i) {
    const double middle = 0.5 * (low + high);
    (fit.Slope(middle) > 0.0 ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

/// Where the curve first comes down to `level` on one side of its top.
std::optional<double> Cross(const PeakFit& fit, double top, double step, double level) {
  const auto first = static_cast<double>(fit.Of().first);
  const auto last = static_cast<double>(fit.Of().last);
  double above = top;
  while (fit.Logarithm(above + step) > level) {
    above += step;
    if (above < first || above > last) return std::nullopt;
  }
  double below = above + step;
  for (int i = 0; i < 50; ++i) {
    const double middle = 0.5 * (above + below);
    (fit.Logarithm(middle) > level ? above : below) = middle;
  }
  return 0.5 * (above + below);
}

}  // namespace

std::optional<HalfMaximumWidth> HalfMaximum1d(std::span<const double> values) {
  if (values.size() < kFewestSamples) return std::nullopt;
  const double base = Base(values);
  if (!(*std::max_element(values.begin(), values.end()) > base)) return std::nullopt;
  const PeakFit fit(values, base);
  const double top = Highest(fit);
  const double level = fit.Logarithm(top) - std::numbers::ln2;
  const auto left = Cross(fit, top, -kGrid, level);
  const auto right = Cross(fit, top, kGrid, level);
  if (!left || !right) return std::nullopt;
  // A crossing moves with the curve there and with the half, which follows the top.
  const Vector of_top = fit.Powers(top);
  const Vector gradient = (fit.Powers(*left) - of_top) / fit.Slope(*left) -
                          (fit.Powers(*right) - of_top) / fit.Slope(*right);
  const double noise = BaseNoise(values);
  const double base_u2 =
      noise * kMedianVariance / (2.0 * static_cast<double>(OuterCount(values.size())));
  return HalfMaximumWidth{*right - *left, std::sqrt(fit.Variance(gradient, noise, base_u2))};
}

}  // namespace qc_metrics
