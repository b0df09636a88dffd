#include "qc_metrics/median_noise.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <vector>

namespace qc_metrics {
namespace {

// A float's upper bits are its logarithm, piecewise linear: 256 bins an octave cost no logarithm.
constexpr int kDroppedBits = 15;
constexpr double kSdPerQuartiles = 0.7413;  // of a normal distribution
constexpr double kBinsPerSd = 8.0;          // of the kernel
constexpr int kMostBins = 400;
constexpr int kSteps = 15;  // more follow the noise of the histogram, fewer leave a bias
constexpr double kAddedNoise = 0.8;
constexpr double kBias = 4e-4;        // of the median, seen
constexpr double kTailShare = 0.002;  // of the pixels on either side fall into the outermost bins

/// Counts of the pixels' noise by bins of its logarithm.
class LogHistogram {
 public:
  LogHistogram(const cv::Mat& variance, const cv::Mat& left_out, float common)
      : counts_((std::size_t{0x7F800000U} >> kDroppedBits) + 1, 0) {
    for (int y = 0; y < variance.rows; ++y) {
      const auto* values = variance.ptr<float>(y);
      const auto* out = left_out.ptr<std::uint8_t>(y);
      for (int x = 0; x < variance.cols; ++x) {
        if (out[x] != 0) continue;
        const float own = std::max(0.0F, values[x] - common);
        ++counts_[std::bit_cast<std::uint32_t>(own) >> kDroppedBits];
        ++total_;
      }
    }
  }

  /// ln(variance) / 2 at the lower edge of a bin.
  [[nodiscard]] static double Edge(std::size_t bin) {
    const auto bits = static_cast<std::uint32_t>(bin << kDroppedBits);
    return 0.5 * std::log(std::max(1e-30, static_cast<double>(std::bit_cast<float>(bits))));
  }

  [[nodiscard]] double Quantile(double share) const {
    double left = share * static_cast<double>(total_);
    for (std::size_t bin = 0; bin < counts_.size(); ++bin) {
      const auto count = static_cast<double>(counts_[bin]);
      if (count > 0.0 && left <= count) {
        return Edge(bin) + (Edge(bin + 1) - Edge(bin)) * left / count;
      }
      left -= count;
    }
    return Edge(counts_.size() - 1);
  }

  /// Pixels with L in [low, high), bins cut proportionally.
  [[nodiscard]] double Count(double low, double high) const {
    const auto first = static_cast<float>(std::exp(2.0 * low));
    double sum = 0.0;
    for (std::size_t bin = std::bit_cast<std::uint32_t>(first) >> kDroppedBits;
         bin + 1 < counts_.size() && Edge(bin) < high; ++bin) {
      const double left = Edge(bin);
      const double right = Edge(bin + 1);
      const double inside = std::min(right, high) - std::max(left, low);
      if (inside > 0.0) sum += static_cast<double>(counts_[bin]) * inside / (right - left);
    }
    return sum;
  }

  [[nodiscard]] double Total() const { return static_cast<double>(total_); }

 private:
  std::vector<std::int64_t> counts_;
  std::int64_t total_ = 0;
};

/// How L scatters about a pixel's true value: density of ln(chi2_v / v) / 2, which gets wider by
/// `more` = variance / (variance - common) where a common part is removed.
std::vector<double> Kernel(double freedom, double more, double width, int bins) {
  std::vector<double> kernel(static_cast<std::size_t>(2 * bins + 1), 0.0);
  double sum = 0.0;
  for (int i = -bins; i <= bins; ++i) {
    const double own = std::exp(2.0 * i * width);
    const double ratio = 1.0 + (own - 1.0) / more;  // chi2 / v
    if (!(ratio > 0.0)) continue;
    const double log_density = 0.5 * freedom * (std::log(ratio) - ratio + 1.0);
    double& value = kernel[static_cast<std::size_t>(i + bins)];
    value = std::exp(log_density) * own / (more * ratio);
    sum += value;
  }
  for (double& value : kernel) value /= sum;
  return kernel;
}

/// Expectation maximisation of the true distribution behind smeared counts.
std::vector<double> Deconvolve(const std::vector<double>& seen, const std::vector<double>& kernel) {
  const auto bins = static_cast<std::ptrdiff_t>(seen.size());
  const auto reach = static_cast<std::ptrdiff_t>(kernel.size() / 2);
  const auto weight = [&](std::ptrdiff_t to, std::ptrdiff_t from) {
    return kernel[static_cast<std::size_t>(to - from + reach)];
  };
  std::vector<double> out = seen;
  std::vector<double> ratio(seen.size());
  for (int step = 0; step < kSteps; ++step) {
    for (std::ptrdiff_t to = 0; to < bins; ++to) {
      double expected = 0.0;
      for (std::ptrdiff_t from = std::max<std::ptrdiff_t>(0, to - reach);
           from <= std::min(bins - 1, to + reach); ++from) {
        expected += weight(to, from) * out[static_cast<std::size_t>(from)];
      }
      const auto i = static_cast<std::size_t>(to);
      ratio[i] = expected > 0.0 ? seen[i] / expected : 0.0;
    }
    for (std::ptrdiff_t from = 0; from < bins; ++from) {
      double factor = 0.0;
      for (std::ptrdiff_t to = std::max<std::ptrdiff_t>(0, from - reach);
           to <= std::min(bins - 1, from + reach); ++to) {
        factor += weight(to, from) * ratio[static_cast<std::size_t>(to)];
      }
      out[static_cast<std::size_t>(from)] *= factor;
    }
  }
  return out;
}

/// Median of counts in bins of `width` from `low` on.
double BinnedMedian(const std::vector<double>& counts, double low, double width) {
  double left = 0.0;
  for (const double count : counts) left += 0.5 * count;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] > 0.0 && left <= counts[i]) {
      return low + width * (static_cast<double>(i) + left / counts[i]);
    }
    left -= counts[i];
  }
  return low;
}

double TrueMedian(const LogHistogram& histogram, double freedom, double more) {
  const double kernel_sd = more / std::sqrt(2.0 * freedom);
  const double low = histogram.Quantile(kTailShare) - kernel_sd;
  const double high = histogram.Quantile(1.0 - kTailShare) + kernel_sd;
  const double width = std::max(kernel_sd / kBinsPerSd, (high - low) / kMostBins);
  const auto bins = static_cast<std::size_t>(std::ceil((high - low) / width));
  std::vector<double> seen(bins);
  for (std::size_t i = 0; i < bins; ++i) {
    const double left = low + width * static_cast<double>(i);
    seen[i] = histogram.Count(left, left + width);
  }
  const int reach = static_cast<int>(std::ceil(6.0 * kernel_sd / width));
  return BinnedMedian(Deconvolve(seen, Kernel(freedom, more, width, reach)), low, width);
}

}  // namespace

MedianNoise MedianOfNoise(const cv::Mat& variance, const cv::Mat& left_out, int frames,
                          double common) {
  const LogHistogram histogram(variance, left_out, static_cast<float>(common));
  if (histogram.Total() < 1.0) return {};
  const double median = histogram.Quantile(0.5);
  const double sd = kSdPerQuartiles * (histogram.Quantile(0.75) - histogram.Quantile(0.25));
  const double own = std::exp(2.0 * median);
  if (!(sd > 0.0) || !(own > 1e-12)) return {std::sqrt(own), 0.0};
  const double freedom = frames - 1.0;
  const double more = (own + common) / own;
  MedianNoise out{std::exp(TrueMedian(histogram, freedom, more)), 0.0};
  // Two recordings of one pixel lie on different sides of the median with a chance that is the
  // density there times the kernel's width over the square root of pi, at most a quarter.
  const double density =
      histogram.Count(median - 0.25 * sd, median + 0.25 * sd) / (0.5 * sd * histogram.Total());
  const double kernel_sd = more / std::sqrt(2.0 * freedom);
  const double sides = std::min(0.25, density * kernel_sd / std::sqrt(std::numbers::pi));
  // The deconvolution adds noise where the pixels differ: calibrated on simulated pixels.
  const double added = 1.0 + kAddedNoise * std::max(0.0, 1.0 - kernel_sd / sd);
  out.u = out.sd * std::hypot(added * std::sqrt(sides / histogram.Total()) / density, kBias * kernel_sd);
  return out;
}

}  // namespace qc_metrics
