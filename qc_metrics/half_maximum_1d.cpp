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

using Index = std::ptrdiff_t;

double Base(std::span<const double> values) {
  const std::size_t side = std::max<std::size_t>(2, values.size() / 10);
  std::vector<double> outer(values.begin(), values.begin() + static_cast<Index>(side));
  outer.insert(outer.end(), values.end() - static_cast<Index>(side), values.end());
  const auto middle = outer.begin() + static_cast<Index>(outer.size() / 2);
  std::nth_element(outer.begin(), middle, outer.end());
  return *middle;
}

/// Largest value of a parabola through the samples near the peak.
double Top(std::span<const double> values, Index peak, double level) {
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
  const Eigen::Vector3d p = normal.ldlt().solve(right);
  return p[2] < 0.0 ? p[0] - p[1] * p[1] / (4.0 * p[2]) : values[static_cast<std::size_t>(peak)];
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
  return Crossing{(0.5 - (sy - slope * sx) / n) / slope + 0.0, slope, static_cast<int>(n)};
}

double NoiseOf(std::span<const double> values) {
  const std::size_t side = std::max<std::size_t>(3, values.size() / 5);
  double squares = 0.0;
  double n = 0.0;
  const auto add = [&](std::size_t i) {
    const double bend = values[i - 1] - 2.0 * values[i] + values[i + 1];
    squares += bend * bend / 6.0;
    n += 1.0;
  };
  for (std::size_t i = 1; i + 1 < side; ++i) add(i);
  for (std::size_t i = values.size() - side + 1; i + 1 < values.size(); ++i) add(i);
  return n > 0.0 ? std::sqrt(squares / n) : 0.0;
}

}  // namespace

std::optional<HalfMaximumWidth> HalfMaximum1d(std::span<const double> values) {
  if (values.size() < kFewestSamples) return std::nullopt;
  const Index peak = std::max_element(values.begin(), values.end()) - values.begin();
  const double base = Base(values);
  const double largest = values[static_cast<std::size_t>(peak)];
  if (!(largest > base)) return std::nullopt;
  const double top = Top(values, peak, base + kTopShare * (largest - base));
  const auto left = Cross(values, peak, -1, base, top);
  const auto right = Cross(values, peak, 1, base, top);
  if (!left || !right || right->place <= left->place) return std::nullopt;
  const double noise = NoiseOf(values) / (top - base);
  const double of_left = noise / std::sqrt(left->used) / left->slope;
  const double of_right = noise / std::sqrt(right->used) / right->slope;
  const double of_half =
      0.5 * noise / std::sqrt(3.0) * (1.0 / std::abs(left->slope) + 1.0 / std::abs(right->slope));
  return HalfMaximumWidth{right->place - left->place,
                          std::sqrt(of_left * of_left + of_right * of_right + of_half * of_half)};
}

}  // namespace qc_metrics
