#include "qc_metrics/half_maximum_1d.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <vector>

namespace qc_metrics {
namespace {

constexpr std::size_t kFewestSamples = 7;
constexpr double kTopShare = 0.85;
constexpr double kUpper = 0.6;
constexpr double kLower = 0.4;
constexpr double kLightFrom = 0.2;                // of the height: noise of the light shows
constexpr double kMedianVariance = 1.5707963268;  // of a median, over that of a mean

using Index = std::ptrdiff_t;

/// Samples on both sides that the base is taken from.
double OuterCount(std::size_t samples) {
  return 2.0 * static_cast<double>(std::max<std::size_t>(2, samples / 10));
}

double Base(std::span<const double> values) {
  const auto side = static_cast<std::size_t>(OuterCount(values.size()) / 2.0);
  std::vector<double> outer(values.begin(), values.begin() + static_cast<Index>(side));
  outer.insert(outer.end(), values.end() - static_cast<Index>(side), values.end());
  const auto middle = outer.begin() + static_cast<Index>(outer.size() / 2);
  std::nth_element(outer.begin(), middle, outer.end());
  return *middle;
}

/// Largest value of a parabola through the samples near the peak; its variance is `leverage` times
/// that of a sample.
struct Summit {
  double level = 0.0, leverage = 1.0;
};

Summit Top(std::span<const double> values, Index peak, double level) {
  const Index last = static_cast<Index>(values.size()) - 1;
  Index low = peak;
  Index high = peak;
  while (low > 0 && values[static_cast<std::size_t>(low - 1)] > level) --low;
  while (high < last && values[static_cast<std::size_t>(high + 1)] > level) ++high;
  while (high - low < 4 && (low > 0 || high < last)) {
    if (low > 0) --low;
    if (high < last) ++high;
  }
  Eigen::Matrix3d normal = Eigen::Matrix3d::Zero();
  Eigen::Vector3d right = Eigen::Vector3d::Zero();
  for (Index i = low; i <= high; ++i) {
    const auto x = static_cast<double>(i - peak);
    const Eigen::Vector3d row(1.0, x, x * x);
    normal += row * row.transpose();
    right += row * values[static_cast<std::size_t>(i)];
  }
  const Eigen::LDLT<Eigen::Matrix3d> solver(normal);
  const Eigen::Vector3d p = solver.solve(right);
  if (!(p[2] < 0.0)) return {values[static_cast<std::size_t>(peak)], 1.0};
  const double x = -0.5 * p[1] / p[2];
  const Eigen::Vector3d at(1.0, x, x * x);
  return {at.dot(p), at.dot(solver.solve(at))};
}

/// Where one side crosses the half: place, samples of height a sample there, samples used.
struct Crossing {
  double place = 0.0, slope = 0.0;
  int used = 0;
};

std::optional<Crossing> Cross(std::span<const double> values, Index peak, Index step, double base,
                              double top) {
  const auto share = [&](Index i) {
    return (values[static_cast<std::size_t>(i)] - base) / (top - base);
  };
  const auto inside = [&](Index i) { return i >= 0 && i < static_cast<Index>(values.size()); };
  Index first = peak;
  while (inside(first) && share(first) > kUpper) first += step;
  Index end = first;
  while (inside(end) && share(end) > kLower) end += step;
  if (!inside(end)) return std::nullopt;
  // A steep side has no sample in between: take the ones on either side of it.
  if (std::abs(end - first) < 2) {
    first -= step;
    end += step;
    if (!inside(end - step)) return std::nullopt;
  }
  double n = 0.0, sx = 0.0, sy = 0.0, sxx = 0.0, sxy = 0.0;
  for (Index i = first; i != end; i += step) {
    const auto x = static_cast<double>(i);
    n += 1.0;
    sx += x;
    sy += share(i);
    sxx += x * x;
    sxy += x * share(i);
  }
  const double spread = sxx - sx * sx / n;
  const double slope = spread > 0.0 ? (sxy - sx * sy / n) / spread : 0.0;
  if (slope == 0.0) return std::nullopt;
  return Crossing{(0.5 - (sy - slope * sx) / n) / slope, slope, static_cast<int>(n)};
}

/// Variance of one sample: that of the base, and what it grows by up to the top.
struct Noise {
  double base = 0.0, growth = 0.0;
};

/// Light is noisier where there is more of it; fourth differences see little of the shape.
Noise NoiseOf(std::span<const double> values, double base, double top) {
  const std::size_t side = std::max<std::size_t>(3, values.size() / 5);
  Noise noise;
  double n = 0.0;
  for (std::size_t i = 1; i + 1 < values.size(); ++i) {
    if (i + 1 >= side && i + side <= values.size()) continue;
    const double bend = values[i - 1] - 2.0 * values[i] + values[i + 1];
    noise.base += bend * bend / 6.0;
    n += 1.0;
  }
  if (n > 0.0) noise.base /= n;
  double squares = 0.0;
  double shares = 0.0;
  for (std::size_t i = 2; i + 2 < values.size(); ++i) {
    const double share = (values[i] - base) / (top - base);
    if (share < kLightFrom) continue;
    const double bend =
        values[i - 2] - 4.0 * (values[i - 1] + values[i + 1]) + 6.0 * values[i] + values[i + 2];
    squares += bend * bend / 70.0 - noise.base;
    shares += share;
  }
  if (shares > 0.0) noise.growth = std::max(0.0, squares / shares);
  return noise;
}

}  // namespace

std::optional<HalfMaximumWidth> HalfMaximum1d(std::span<const double> values) {
  if (values.size() < kFewestSamples) return std::nullopt;
  const Index peak = std::max_element(values.begin(), values.end()) - values.begin();
  const double base = Base(values);
  const double largest = values[static_cast<std::size_t>(peak)];
  if (!(largest > base)) return std::nullopt;
  const Summit top = Top(values, peak, base + kTopShare * (largest - base));
  const auto left = Cross(values, peak, -1, base, top.level);
  const auto right = Cross(values, peak, 1, base, top.level);
  if (!left || !right || right->place <= left->place) return std::nullopt;
  const Noise noise = NoiseOf(values, base, top.level);
  const double at_half = noise.base + 0.5 * noise.growth;
  const double height = top.level - base;
  const auto of_side = [&](const Crossing& side) {
    return at_half / side.used / std::pow(side.slope * height, 2);
  };
  // The half moves with the top and with the base, and both crossings with it.
  const double of_top = (noise.base + noise.growth) * top.leverage;
  const double of_base = noise.base * kMedianVariance / OuterCount(values.size());
  const double both = 0.5 * (1.0 / std::abs(left->slope) + 1.0 / std::abs(right->slope)) / height;
  return HalfMaximumWidth{right->place - left->place, std::sqrt(of_side(*left) + of_side(*right) +
                                                                both * both * (of_top + of_base))};
}

}  // namespace qc_metrics
