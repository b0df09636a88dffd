#include "qc_metrics/detector_dark.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "qc_metrics/median_noise.h"

namespace qc_metrics {
namespace {

constexpr double kDefectSds = 8.0;
constexpr double kLeastBlinkFactor = 4.0;
constexpr double kSdPerMad = 1.4826;
constexpr std::size_t kSampledPixels = 65536;  // robust centre and spread to half a percent

double MedianOf(std::vector<float>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return static_cast<double>(*middle);
}

/// Every k-th pixel in the order of rows, k odd so that no column is left out.
std::vector<float> Sampled(const cv::Mat& map) {
  const std::size_t step = std::max<std::size_t>(1, map.total() / kSampledPixels) | 1U;
  std::vector<float> values;
  values.reserve(map.total() / step + 1);
  const auto columns = static_cast<std::size_t>(map.cols);
  for (std::size_t i = 0; i < map.total(); i += step) {
    values.push_back(map.at<float>(static_cast<int>(i / columns), static_cast<int>(i % columns)));
  }
  return values;
}

struct Robust {
  double centre = 0.0, sd = 0.0;
};

Robust RobustSpread(std::vector<float> values) {
  Robust out;
  out.centre = MedianOf(values);
  for (float& value : values) value = std::abs(value - static_cast<float>(out.centre));
  out.sd = kSdPerMad * MedianOf(values);
  return out;
}

/// What a pixel of this series is compared with.
struct Usual {
  double level = 0.0;
  double pattern_variance = 0.0;  ///< of the offsets, noise removed
  double noise_variance = 0.0;    ///< median of the pixels' variances
  double blinking_from = 0.0;     ///< variance
};

Usual UsualPixel(const PixelSeries& series) {
  const Robust mean = RobustSpread(Sampled(series.mean));
  Usual out{.level = mean.centre};
  std::vector<float> variances = Sampled(series.variance);
  out.noise_variance = MedianOf(variances);
  for (float& value : variances) value = std::log(std::max(value, 1e-12F));
  const Robust noise = RobustSpread(std::move(variances));
  out.blinking_from =
      std::exp(noise.centre + std::max(2.0 * std::log(kLeastBlinkFactor), kDefectSds * noise.sd));
  // Frames without noise still are rounded.
  const double noise_of_mean = out.noise_variance / series.frames;
  out.pattern_variance = std::max(
      {mean.sd * mean.sd - noise_of_mean, 0.0, kRoundingVariance / series.frames - noise_of_mean});
  return out;
}

PixelDefect Judge(double mean, double variance, const Usual& usual, int frames) {
  const double away = mean - usual.level;
  const double noise = std::max(variance, usual.noise_variance) / frames;
  if (away * away > kDefectSds * kDefectSds * (usual.pattern_variance + noise)) {
    return away > 0.0 ? PixelDefect::kHot : PixelDefect::kCold;
  }
  if (usual.noise_variance > 0.0 && variance > usual.blinking_from) return PixelDefect::kBlinking;
  return PixelDefect::kNone;
}

void CountDefects(PixelDefects& defects) {
  defects.hot = defects.cold = defects.blinking = 0;
  for (int y = 0; y < defects.map.rows; ++y) {
    const auto* row = defects.map.ptr<std::uint8_t>(y);
    for (int x = 0; x < defects.map.cols; ++x) {
      if (row[x] == 0) continue;
      const auto defect = static_cast<PixelDefect>(row[x]);
      defects.hot += defect == PixelDefect::kHot ? 1 : 0;
      defects.cold += defect == PixelDefect::kCold ? 1 : 0;
      defects.blinking += defect == PixelDefect::kBlinking ? 1 : 0;
    }
  }
}

/// Plain sums over a set of pixels.
struct MapSums {
  double n = 0.0, mean = 0.0, mean_squares = 0.0, variance = 0.0, variance_squares = 0.0;
};

MapSums SumMaps(const PixelSeries& series, const cv::Mat& left_out) {
  MapSums sums;
  const auto shift = static_cast<double>(series.mean.at<float>(0, 0));
  for (int y = 0; y < series.mean.rows; ++y) {
    const auto* mean = series.mean.ptr<float>(y);
    const auto* variance = series.variance.ptr<float>(y);
    const auto* out = left_out.empty() ? nullptr : left_out.ptr<std::uint8_t>(y);
    for (int x = 0; x < series.mean.cols; ++x) {
      if (out != nullptr && out[x] != 0) continue;
      const double m = static_cast<double>(mean[x]) - shift;
      const auto v = static_cast<double>(variance[x]);
      sums.n += 1.0;
      sums.mean += m;
      sums.mean_squares += m * m;
      sums.variance += v;
      sums.variance_squares += v * v;
    }
  }
  const double n = std::max(1.0, sums.n);
  sums.mean /= n;
  sums.mean_squares = sums.mean_squares / n - sums.mean * sums.mean;  // about the mean
  sums.mean += shift;
  sums.variance /= n;
  sums.variance_squares /= n;
  return sums;
}

double SampleVariance(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double squares = 0.0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return squares / (n - 1.0);
}

/// Of the standard errors of a mean of noise that neighbours in time share.
double CorrelationFactor(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double lagged = 0.0;
  for (std::size_t i = 1; i < values.size(); ++i) {
    lagged += (values[i] - mean) * (values[i - 1] - mean);
  }
  const double variance = SampleVariance(values);
  const double raw = variance > 0.0 ? lagged / (variance * (n - 1.0)) : 0.0;
  const double correlation = std::clamp(raw + 1.0 / n, 0.0, 0.9);
  return std::sqrt((1.0 + correlation) / (1.0 - correlation));
}

/// What whole frames do beyond what their pixels' noise, defects included, leaves in their means.
double FrameVariance(const PixelSeries& series) {
  const auto pixels = static_cast<double>(series.mean.total());
  const double left = cv::mean(series.variance)[0] / pixels;
  return std::max(0.0, SampleVariance(series.frame_mean) - left);
}

double OffsetU(const PixelSeries& series, const MapSums& sums, double wander) {
  const double factor = CorrelationFactor(series.frame_mean);
  return std::sqrt((wander * factor * factor + sums.variance / std::max(1.0, sums.n)) /
                   series.frames);
}

/// Of an even number the mean of the two in the middle, as ImageJ has it.
double PlainMedianSd(const cv::Mat& variance) {
  std::vector<float> values(variance.begin<float>(), variance.end<float>());
  const double upper = std::sqrt(MedianOf(values));
  if (values.size() % 2 == 1) return upper;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  return 0.5 * (upper + std::sqrt(static_cast<double>(*std::max_element(values.begin(), middle))));
}

PeerDark Peer(const PixelSeries& series) {
  const MapSums all = SumMaps(series, cv::Mat());
  const double bessel = all.n > 1.0 ? all.n / (all.n - 1.0) : 1.0;
  return {all.mean, std::sqrt(all.mean_squares * bessel), PlainMedianSd(series.variance),
          std::sqrt(all.variance)};
}

/// Square root of an estimated square; at 0 its uncertainty is that of the square.
DetectorValue RootOf(double square, double u_square) {
  const double root = std::sqrt(std::max(0.0, square));
  const double u = std::sqrt(u_square);
  return {root, root * root > u_square ? u_square / (2.0 * root) : u};
}

void DescribeNoise(const PixelSeries& series, const PixelDefects& defects, bool integer,
                   const MapSums& sums, double wander, DarkSeries& dark) {
  const double n = series.frames;
  const double pixels = std::max(1.0, sums.n);
  // Of the mean of all pixels' variances, each with n - 1 degrees of freedom.
  const double squares = sums.variance_squares * (n - 1.0) / (n + 1.0);
  const double u_variance = std::sqrt(2.0 * squares / (n - 1.0) / pixels);
  const bool rounded = integer && sums.variance > kLeastNoiseAdu * kLeastNoiseAdu;
  const double common = wander + (rounded ? kRoundingVariance : 0.0);
  dark.read_noise_rms_adu = RootOf(sums.variance - common, u_variance);
  const MedianNoise median = MedianOfNoise(series.variance, defects.map, series.frames, common);
  dark.read_noise_median_adu = {median.sd, median.u};
  // The mean of a pixel holds its noise over the frames; the wander is in all pixels alike.
  const double noise = std::max(0.0, sums.variance - wander) / n;
  const double pattern = std::max(0.0, sums.mean_squares - noise);
  const double u_pattern = std::sqrt((4.0 * pattern * noise + 2.0 * noise * noise) / pixels);
  dark.dsnu_adu = RootOf(sums.mean_squares - noise, u_pattern);
}

}  // namespace

DetectorValue MeanInTime(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  DetectorValue out{std::accumulate(values.begin(), values.end(), 0.0) / n, std::nullopt};
  if (values.size() < 3) return out;
  out.u = std::sqrt(SampleVariance(values) / n) * CorrelationFactor(values);
  return out;
}

PixelDefects FindDefects(const PixelSeries& series) {
  PixelDefects defects{.map = cv::Mat::zeros(series.mean.size(), CV_8U)};
  const Usual usual = UsualPixel(series);
  for (int y = 0; y < series.mean.rows; ++y) {
    const auto* mean = series.mean.ptr<float>(y);
    const auto* variance = series.variance.ptr<float>(y);
    auto* row = defects.map.ptr<std::uint8_t>(y);
    for (int x = 0; x < series.mean.cols; ++x) {
      row[x] = static_cast<std::uint8_t>(Judge(
          static_cast<double>(mean[x]), static_cast<double>(variance[x]), usual, series.frames));
    }
  }
  CountDefects(defects);
  return defects;
}

void Merge(const PixelDefects& other, PixelDefects& defects) {
  other.map.copyTo(defects.map, defects.map == 0);
  CountDefects(defects);
}

DarkSeries DescribeDark(const PixelSeries& series, const PixelDefects& defects, bool integer) {
  DarkSeries dark;
  dark.frames = series.frames;
  dark.mean = series.mean;
  const MapSums sums = SumMaps(series, defects.map);
  dark.pixels = static_cast<std::int64_t>(sums.n);
  const double wander = FrameVariance(series);
  dark.frame_sd_adu = std::sqrt(wander);
  dark.offset_adu = {sums.mean, OffsetU(series, sums, wander)};
  if (series.frames < kNoiseFrames || sums.n < 2.0) return dark;
  DescribeNoise(series, defects, integer, sums, wander, dark);
  dark.peer = Peer(series);
  return dark;
}

std::optional<DetectorValue> DarkCurrent(const std::vector<DarkSeries>& darks) {
  double w = 0.0, wt = 0.0, wtt = 0.0, wy = 0.0, wty = 0.0;
  for (const DarkSeries& dark : darks) {
    if (!dark.exposure_s || !dark.offset_adu.u || !(*dark.offset_adu.u > 0.0)) continue;
    const double weight = 1.0 / (*dark.offset_adu.u * *dark.offset_adu.u);
    w += weight;
    wt += weight * *dark.exposure_s;
    wtt += weight * *dark.exposure_s * *dark.exposure_s;
    wy += weight * dark.offset_adu.value;
    wty += weight * *dark.exposure_s * dark.offset_adu.value;
  }
  const double spread = w > 0.0 ? wtt - wt * wt / w : 0.0;
  if (!(spread > 1e-9 * wtt)) return std::nullopt;
  return DetectorValue{(wty - wt * wy / w) / spread, std::sqrt(1.0 / spread)};
}

}  // namespace qc_metrics
