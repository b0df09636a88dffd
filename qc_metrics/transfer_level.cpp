#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "qc_metrics/detector_dark.h"
#include "qc_metrics/detector_transfer.h"

namespace qc_metrics {
namespace {

constexpr double kLargestSaturatedShare = 1e-4;  // leaves 5e-5 of the variance
constexpr double kLargestDriftShare = 0.5;
constexpr double kUnevenDrift = 0.005;
constexpr double kUnevenSds = 4.0;
constexpr int kBoxPx = 7;

/// Means over the good pixels of one level; s is the signal above the dark level.
struct LevelSums {
  double n = 0.0, signal = 0.0, signal_squares = 0.0, variance = 0.0, variance_squares = 0.0;
};

double DarkAt(const DarkReference& dark, int y, int x) {
  return dark.mean.empty() ? dark.offset_adu.value_or(0.0)
                           : static_cast<double>(dark.mean.at<float>(y, x)) + dark.shift_adu;
}

LevelSums SumLevel(const PixelSeries& series, const cv::Mat& left_out, const DarkReference& dark) {
  LevelSums sums;
  for (int y = 0; y < series.mean.rows; ++y) {
    const auto* out = left_out.ptr<std::uint8_t>(y);
    for (int x = 0; x < series.mean.cols; ++x) {
      if (out[x] != 0) continue;
      const double s = static_cast<double>(series.mean.at<float>(y, x)) - DarkAt(dark, y, x);
      const auto v = static_cast<double>(series.variance.at<float>(y, x));
      sums.n += 1.0;
      sums.signal += s;
      sums.signal_squares += s * s;
      sums.variance += v;
      sums.variance_squares += v * v;
    }
  }
  const double n = std::max(1.0, sums.n);
  sums.signal /= n;
  sums.signal_squares /= n;
  sums.variance /= n;
  sums.variance_squares /= n;
  return sums;
}

/// The whole frames' variance, and half the mean squared step from frame to frame.
struct LampScatter {
  double variance = 0.0, steps = 0.0;
};

LampScatter Scatter(const std::vector<double>& means) {
  const auto n = static_cast<double>(means.size());
  double mean = 0.0;
  for (const double value : means) mean += value / n;
  LampScatter out;
  for (std::size_t i = 0; i < means.size(); ++i) {
    out.variance += (means[i] - mean) * (means[i] - mean) / (n - 1.0);
    if (i > 0) {
      out.steps += (means[i] - means[i - 1]) * (means[i] - means[i - 1]) / (2.0 * (n - 1.0));
    }
  }
  return out;
}

/// Whether the variance of differences says the same; it is blind to slow changes.
bool IsEven(const PixelSeries& series, const LampScatter& lamp, double lamp_factor, double variance,
            double u_variance) {
  const double from_steps = series.difference_variance - lamp_factor * lamp.steps;
  const double apart = std::abs(from_steps - variance);
  return apart <= std::max(kUnevenDrift * variance, kUnevenSds * std::sqrt(1.5) * u_variance);
}

cv::Mat BoxMean(const cv::Mat& values) {
  cv::Mat out;
  cv::boxFilter(values, out, CV_64F, {kBoxPx, kBoxPx}, {-1, -1}, false, cv::BORDER_CONSTANT);
  return out;
}

/// Squared relative fixed pattern of one level.
void MeasurePattern(const PixelSeries& series, const cv::Mat& left_out, const DarkReference& dark,
                    const LevelSums& sums, double noise_of_mean, TransferLevel& level) {
  if (dark.mean.empty() || !(sums.signal > 0.0)) return;
  cv::Mat signal;
  cv::subtract(series.mean, dark.mean, signal, cv::noArray(), CV_64F);
  cv::Mat good;
  cv::Mat(left_out == 0).convertTo(good, CV_64F, 1.0 / 255.0);
  const cv::Mat total = BoxMean(signal.mul(good));
  const cv::Mat count = BoxMean(good);
  double squares = 0.0;
  double pixels = 0.0;
  // At the border the box lies to one side, and a slope of the light would count as a pattern.
  for (int y = kBoxPx / 2; y < signal.rows - kBoxPx / 2; ++y) {
    for (int x = kBoxPx / 2; x < signal.cols - kBoxPx / 2; ++x) {
      const double around = count.at<double>(y, x);
      if (left_out.at<std::uint8_t>(y, x) != 0 || around < 2.0) continue;
      const double residual = signal.at<double>(y, x) - total.at<double>(y, x) / around;
      squares += residual * residual * around / (around - 1.0);  // as of a sample variance
      pixels += 1.0;
    }
  }
  if (pixels < 2.0) return;
  const double noise = noise_of_mean + dark.noise_of_mean_adu2;
  const double pattern = squares / pixels - noise;
  // The pattern of the pixels at the border, and what the box took away, are only like the rest.
  const double unseen = 1.0 - pixels / sums.n + 1.0 / (kBoxPx * kBoxPx);
  level.prnu_shared = std::sqrt(2.0 * unseen / pixels);
  const double own = std::max(0.0, pattern);
  const double u = std::hypot(std::sqrt((4.0 * own * noise + 2.0 * noise * noise) / pixels),
                              level.prnu_shared * own);
  level.prnu_squared = DetectorValue{pattern / sums.signal_squares, u / sums.signal_squares};
}

}  // namespace

TransferLevel DescribeLevel(const PixelSeries& series, const cv::Mat& defects,
                            const DarkReference& dark, bool integer) {
  TransferLevel level;
  level.frames = series.frames;
  const DetectorValue in_time = MeanInTime(series.frame_mean);
  level.mean_u_adu = in_time.u.value_or(0.0);
  cv::Mat left_out = defects;
  const LevelSums good = SumLevel(series, defects, dark);
  level.mean_adu = dark.offset_adu.value_or(0.0) + good.signal;
  if (dark.offset_adu) level.signal_adu = good.signal;
  level.variance_adu2 = good.variance;
  if (series.frames < kNoiseFrames || good.n < 2.0) {
    level.state = LevelState::kTooFew;
    return level;
  }
  if (!series.saturated.empty()) {
    level.saturated = cv::countNonZero(series.saturated & (defects == 0)) / good.n;
    left_out = cv::Mat(series.saturated | defects);
  }
  const LevelSums sums = SumLevel(series, left_out, dark);
  if (level.saturated > kLargestSaturatedShare || sums.n < 2.0) {
    level.state = LevelState::kSaturated;
    return level;
  }
  const double n = series.frames;
  const LampScatter lamp = Scatter(series.frame_mean);
  const double factor = sums.signal > 0.0 ? sums.signal_squares / (sums.signal * sums.signal) : 1.0;
  const double own = sums.variance - factor * lamp.variance;
  level.drift_share = factor * lamp.variance / sums.variance;
  level.variance_u_adu2 =
      std::sqrt(2.0 * sums.variance_squares * (n - 1.0) / (n + 1.0) / (n - 1.0) / sums.n);
  if (!(own > 0.0) || level.drift_share > kLargestDriftShare ||
      !IsEven(series, lamp, factor, own, level.variance_u_adu2)) {
    level.state = LevelState::kUnsteady;
    return level;
  }
  level.variance_adu2 = own - (integer ? kRoundingVariance : 0.0);
  MeasurePattern(series, left_out, dark, sums, own / n, level);
  return level;
}

std::optional<TransferLevel> DarkLevel(const DarkSeries& dark) {
  if (!dark.read_noise_rms_adu || !dark.read_noise_rms_adu->u) return std::nullopt;
  const double rms = dark.read_noise_rms_adu->value;
  if (!(rms > kLeastNoiseAdu)) return std::nullopt;
  TransferLevel level;
  level.name = dark.name;
  level.state = LevelState::kDark;
  level.frames = dark.frames;
  level.exposure_s = dark.exposure_s;
  level.mean_adu = dark.offset_adu.value;
  level.signal_adu = 0.0;
  level.mean_u_adu = dark.offset_adu.u.value_or(0.0);
  level.variance_adu2 = rms * rms;
  level.variance_u_adu2 = 2.0 * rms * *dark.read_noise_rms_adu->u;
  return level;
}

}  // namespace qc_metrics
