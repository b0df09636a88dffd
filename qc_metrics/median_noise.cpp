#include "qc_metrics/median_noise.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

#include "qc_metrics/smeared_median.h"

namespace qc_metrics {
namespace {

// A float's upper bits are its logarithm, piecewise linear: 256 bins an octave cost no logarithm.
constexpr int kDroppedBits = 15;
constexpr double kBinsPerSd = 8.0;  // of the kernel
constexpr int kMostBins = 400;
constexpr double kLowest = -34.0;     // ln of nothing, as Edge() has it
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

/// Median of L, and its uncertainty.
SmearedMedian TrueMedian(const LogHistogram& histogram, double freedom, double more) {
  const double kernel_sd = more / std::sqrt(2.0 * freedom);
  const double low = histogram.Quantile(kTailShare) - kernel_sd;
  const double high = histogram.Quantile(1.0 - kTailShare) + kernel_sd;
  const double width = std::max(kernel_sd / kBinsPerSd, (high - low) / kMostBins);
  SmearedCounts seen;
  seen.total = histogram.Total();
  seen.below = histogram.Count(kLowest, low);
  for (double left = low; left < high; left += width) {
    seen.counts.push_back(histogram.Count(left, left + width));
  }
  seen.kernel = Kernel(freedom, more, width, static_cast<int>(std::ceil(6.0 * kernel_sd / width)));
  const SmearedMedian median = MedianBehind(seen);
  return {low + width * median.place, width * median.u};
}

}  // namespace

MedianNoise MedianOfNoise(const cv::Mat& variance, const cv::Mat& left_out, int frames,
                          double common) {
  const LogHistogram histogram(variance, left_out, static_cast<float>(common));
  if (histogram.Total() < 1.0) return {};
  const double median = histogram.Quantile(0.5);
  const double own = std::exp(2.0 * median);
  if (!(histogram.Quantile(0.75) > histogram.Quantile(0.25)) || !(own > 1e-12))
    return {std::sqrt(own), 0.0};
  const SmearedMedian true_median = TrueMedian(histogram, frames - 1.0, (own + common) / own);
  const double noise = std::exp(true_median.place);
  return {noise, noise * true_median.u};
}

}  // namespace qc_metrics
