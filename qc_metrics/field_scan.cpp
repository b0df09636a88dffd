#include "qc_metrics/field_scan.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>

#include "qc_metrics/field_noise.h"
#include "qc_metrics/gaussian_rows.h"

namespace qc_metrics {
namespace {

constexpr int kMostBins = 128;  // along the longer side
constexpr int kLeastBins = 16;  // along the shorter side, where it has that many pixels
constexpr double kBrightZone = 0.9;
constexpr int kLevels = 65536;

using Row = Eigen::Map<const Eigen::ArrayXf>;

void RowAsFloat(const cv::Mat& image, int y, std::vector<float>& out) {
  cv::Mat target(1, image.cols, CV_32F, out.data());
  image.row(y).convertTo(target, CV_32F);
}

class BinRows {
 public:
  BinRows(cv::Size image, int bin_px)
      : bin_px_(bin_px),
        sums_((image.height + bin_px - 1) / bin_px, (image.width + bin_px - 1) / bin_px, CV_64F,
              cv::Scalar(0.0)),
        image_(image) {}

  void Add(int y, const float* row) {
    auto* sums = sums_.ptr<double>(y / bin_px_);
    for (int bin = 0; bin < sums_.cols; ++bin) {
      const int from = bin * bin_px_;
      sums[bin] +=
          static_cast<double>(Row(row + from, std::min(bin_px_, image_.width - from)).sum());
    }
  }

  [[nodiscard]] BinnedImage Finish(const NoiseLine& noise) {
    BinnedImage binned{.image_px = image_, .bin_px = bin_px_, .mean = sums_, .variance = {}};
    binned.variance.create(sums_.size(), CV_64F);
    for (int j = 0; j < sums_.rows; ++j) {
      for (int i = 0; i < sums_.cols; ++i) {
        const double pixels = std::min(bin_px_, image_.width - i * bin_px_) *
                              std::min(bin_px_, image_.height - j * bin_px_);
        auto& mean = binned.mean.at<double>(j, i);
        mean /= pixels;
        binned.variance.at<double>(j, i) = noise.VarianceAt(mean) / pixels;
      }
    }
    return binned;
  }

 private:
  int bin_px_;
  cv::Mat sums_;
  cv::Size image_;
};

class BrightZone {
 public:
  explicit BrightZone(double threshold) : threshold_(static_cast<float>(threshold)) {}

  void Add(int y, const float* row, int width) {
    if (Row(row, width).maxCoeff() < threshold_) return;
    std::int64_t count = 0;
    std::int64_t sum_x = 0;
    for (int x = 0; x < width; ++x) {
      const int inside = row[x] >= threshold_ ? 1 : 0;
      count += inside;
      sum_x += inside * x;
    }
    count_ += count;
    sum_x_ += sum_x;
    sum_y_ += count * y;
  }

  [[nodiscard]] cv::Point2d Centroid() const {
    if (count_ == 0) return {};
    const auto n = static_cast<double>(count_);
    return {static_cast<double>(sum_x_) / n, static_cast<double>(sum_y_) / n};
  }

 private:
  float threshold_;
  std::int64_t count_ = 0, sum_x_ = 0, sum_y_ = 0;
};

void Prepare(ValueHistogram& histogram, double lowest, double highest) {
  histogram.lowest = lowest;
  histogram.step = highest > lowest ? (highest - lowest) / (kLevels - 1) : 1.0;
}

// 8- and 16-bit values are their own level.
template <typename T>
void CountExactly(ValueHistogram& histogram, const T* row, int width) {
  for (int x = 0; x < width; ++x) ++histogram.counts[row[x]];
  histogram.total += width;
}

void Count(ValueHistogram& histogram, const float* row, int width, int stride) {
  const auto scale = static_cast<float>(1.0 / histogram.step);
  const auto lowest = static_cast<float>(histogram.lowest);
  for (int x = 0; x < width; x += stride) {
    const auto level = static_cast<int>((row[x] - lowest) * scale + 0.5F);
    ++histogram.counts[static_cast<std::size_t>(std::clamp(level, 0, kLevels - 1))];
  }
  histogram.total += (width + stride - 1) / stride;
}

int BinFor(cv::Size size) {
  const int longest = std::max(size.width, size.height);
  const int shortest = std::min(size.width, size.height);
  return std::clamp((longest + kMostBins - 1) / kMostBins, 1, std::max(1, shortest / kLeastBins));
}

struct Sums {
  double value = 0.0, square = 0.0;
};

void Add(Sums& sums, const float* row, int width, double origin) {
  const auto shifted = Row(row, width) - static_cast<float>(origin);
  sums.value += static_cast<double>(shifted.sum());
  sums.square += static_cast<double>(shifted.square().sum());
}

}  // namespace

double ValueHistogram::Quantile(double fraction) const {
  const double wanted = fraction * static_cast<double>(total);
  double below = 0.0;
  for (std::size_t level = 0; level < counts.size(); ++level) {
    below += counts[level];
    if (below >= wanted && counts[level] > 0) return lowest + step * static_cast<double>(level);
  }
  return lowest;
}

double ValueHistogram::MeanOfDarkest(double fraction) const {
  const double wanted = std::max(1.0, std::floor(fraction * static_cast<double>(total)));
  double taken = 0.0;
  double sum = 0.0;
  for (std::size_t level = 0; level < counts.size() && taken < wanted; ++level) {
    const double now = std::min<double>(counts[level], wanted - taken);
    taken += now;
    sum += now * static_cast<double>(level);
  }
  return lowest + step * sum / wanted;
}

double ValueHistogram::MeanOfBrightest(double fraction) const {
  const double wanted = std::max(1.0, std::floor(fraction * static_cast<double>(total)));
  double taken = 0.0;
  double sum = 0.0;
  for (std::size_t level = counts.size(); level-- > 0 && taken < wanted;) {
    const double now = std::min<double>(counts[level], wanted - taken);
    taken += now;
    sum += now * static_cast<double>(level);
  }
  return lowest + step * sum / wanted;
}

FieldScan ScanField(const cv::Mat& image) {
  FieldScan scan;
  if (image.depth() == CV_32F && !cv::checkRange(image)) {
    scan.finite = false;
    return scan;
  }
  cv::minMaxLoc(image, &scan.min_adu, &scan.max_adu);
  const bool fine = image.depth() == CV_8U || image.depth() == CV_16U;
  if (!fine) Prepare(scan.values, scan.min_adu, scan.max_adu);
  Prepare(scan.smoothed, scan.min_adu, scan.max_adu);

  BinRows bins(image.size(), BinFor(image.size()));
  NoiseBlocks noise(image.size());
  BrightZone bright(kBrightZone * scan.max_adu);
  Sums sums;
  const double origin = 0.5 * (scan.min_adu + scan.max_adu);
  GaussianRows gaussian(image.size(), [&scan, width = image.cols](int y, const float* row) {
    const Row smooth(row, width);
    const double low = static_cast<double>(smooth.minCoeff());
    const double high = static_cast<double>(smooth.maxCoeff());
    scan.smoothed_min_adu = y == 0 ? low : std::min(scan.smoothed_min_adu, low);
    scan.smoothed_max_adu = y == 0 ? high : std::max(scan.smoothed_max_adu, high);
    if (y % 2 == 0) Count(scan.smoothed, row, width, 2);
  });
  std::vector<float> row(static_cast<std::size_t>(image.cols));
  for (int y = 0; y < image.rows; ++y) {
    RowAsFloat(image, y, row);
    bins.Add(y, row.data());
    noise.Add(y, row.data());
    bright.Add(y, row.data(), image.cols);
    Add(sums, row.data(), image.cols, origin);
    if (image.depth() == CV_8U) {
      CountExactly(scan.values, image.ptr<unsigned char>(y), image.cols);
    } else if (image.depth() == CV_16U) {
      CountExactly(scan.values, image.ptr<unsigned short>(y), image.cols);
    } else {
      Count(scan.values, row.data(), image.cols, 1);
    }
    gaussian.Add(y, row.data());
  }
  const auto pixels = static_cast<double>(image.total());
  scan.mean_adu = origin + sums.value / pixels;
  const double mean_square = sums.square / pixels - std::pow(sums.value / pixels, 2);
  scan.sd_adu = std::sqrt(std::max(0.0, mean_square));
  scan.bright_zone_px = bright.Centroid();
  const double quantisation = image.depth() == CV_32F
                                  ? 1e-14 * std::pow(std::max(scan.max_adu, -scan.min_adu), 2)
                                  : 1.0 / 12.0;
  scan.noise = noise.Fit(std::max(quantisation, 1e-300));
  scan.binned = bins.Finish(scan.noise);
  return scan;
}

}  // namespace qc_metrics
