#include "qc_metrics/power_outliers.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace qc_metrics {
namespace {

constexpr std::size_t kHalf = 3;
constexpr std::size_t kMostInARow = 3;
constexpr double kLeastSigmas = 5.0;
constexpr double kMargin = 0.5;  // the scale is an estimate
constexpr double kFalseAlarms = 0.01;
constexpr double kSdOverMad = 1.4826;

double MedianOf(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// A longer excursion is a change of level that came back, or settling.
void KeepShortRuns(std::vector<char>& flags) {
  for (std::size_t i = 0; i < flags.size();) {
    std::size_t end = i;
    while (end < flags.size() && flags[end] != 0) ++end;
    if (end - i > kMostInARow)
      std::fill(flags.begin() + static_cast<std::ptrdiff_t>(i),
                flags.begin() + static_cast<std::ptrdiff_t>(end), 0);
    i = end + 1;
  }
}

}  // namespace

double SignificantSigmas(std::size_t n) {
  double low = kLeastSigmas;
  double high = 10.0;
  for (int i = 0; i < 50; ++i) {
    const double middle = 0.5 * (low + high);
    const double alarms = static_cast<double>(n) * std::erfc(middle / std::sqrt(2.0));
    (alarms > kFalseAlarms ? low : high) = middle;
  }
  return high;
}

double SmallestChange(std::span<const double> values) {
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t i = 1; i < values.size(); ++i) {
    const double step = std::abs(values[i] - values[i - 1]);
    if (step > 0.0) least = std::min(least, step);
  }
  return std::isfinite(least) ? least : 0.0;
}

std::vector<char> FindOutliers(std::span<const double> values) {
  std::vector<char> flags(values.size());
  if (values.size() < 2 * kHalf + 1) return flags;
  std::vector<double> deviations(values.size());
  std::vector<double> sizes;
  for (std::size_t i = kHalf; i + kHalf < values.size(); ++i) {
    std::array<double, 2 * kHalf + 1> window{};
    std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(i - kHalf), window.size(),
                window.begin());
    std::nth_element(window.begin(), window.begin() + kHalf, window.end());
    deviations[i] = values[i] - window[kHalf];
    if (deviations[i] != 0.0) sizes.push_back(std::abs(deviations[i]));  // not its own median
  }
  if (sizes.empty()) return flags;
  const double sd = kSdOverMad * MedianOf(std::move(sizes));
  const double most = (SignificantSigmas(values.size()) + kMargin) * sd;
  for (std::size_t i = kHalf; i + kHalf < values.size(); ++i) {
    flags[i] = std::abs(deviations[i]) > most ? 1 : 0;
  }
  KeepShortRuns(flags);
  return flags;
}

std::vector<char> AddOutlyingEnds(std::span<const double> residuals, double sd,
                                  std::vector<char> outliers) {
  if (!(sd > 0.0)) return outliers;
  const double most = (SignificantSigmas(residuals.size()) + kMargin) * sd;
  std::vector<char> more(residuals.size());
  for (std::size_t i = 0; i < residuals.size(); ++i) {
    const std::size_t first = i < kHalf ? 0 : i - kHalf;
    const std::size_t end = std::min(residuals.size(), i + kHalf + 1);
    bool judged = i < kHalf || i + kHalf >= residuals.size();
    for (std::size_t k = first; k < end; ++k) judged = judged || outliers[k] != 0;
    more[i] = judged && std::abs(residuals[i]) > most ? 1 : 0;
  }
  KeepShortRuns(more);
  for (std::size_t i = 0; i < more.size(); ++i) {
    if (more[i] != 0) outliers[i] = 1;
  }
  return outliers;
}

}  // namespace qc_metrics
