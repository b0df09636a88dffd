#include "qc_metrics/field_scan.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>

#include "qc_metrics/field_kernels.h"
#include "qc_metrics/field_noise.h"
#include "qc_metrics/gaussian_rows.h"

namespace qc_metrics {
namespace {

constexpr int kMostBins = 128;  // along the longer side
constexpr int kLeastBins = 16;  // along the shorter side, where it has that many pixels
constexpr double kBrightZone = 0.9;
constexpr double kExtreme = 0.05;
constexpr int kLevels = 65536;
constexpr int kSampledRows = 512;  // of which percentiles are taken first
constexpr int kColumnStep = 2;     // of the smoothed image, whose neighbours say the same
constexpr int kBandRows = NoiseBlocks::kBlockPx;
constexpr int kPaddingPx = 2 * GaussianRows::kRadius;  // so that rows begin on a line of the cache

using Row = Eigen::Map<const Eigen::ArrayXf>;

double SumOf(const float* values, int count) {
  return static_cast<double>(Row(values, count).sum());
}

void RowAsFloat(const cv::Mat& image, int y, float* out) {
  switch (image.depth()) {
    case CV_8U:
      return WidenRow(image.ptr<std::uint8_t>(y), image.cols, out);
    case CV_16U:
      return WidenRow(image.ptr<std::uint16_t>(y), image.cols, out);
    case CV_32S:
      return WidenRow(image.ptr<std::int32_t>(y), image.cols, out);
    default:
      std::copy_n(image.ptr<float>(y), image.cols, out);
  }
}

// The processor does not look ahead beyond a page by itself, and a row is hardly longer.
void FetchRow(const cv::Mat& image, int y) {
  constexpr std::size_t kCacheLineBytes = 64;
  if (y >= image.rows) return;
  const auto bytes = static_cast<std::size_t>(image.cols) * image.elemSize();
  for (std::size_t at = 0; at < bytes; at += kCacheLineBytes) __builtin_prefetch(image.ptr(y) + at);
}

bool IsFine(const cv::Mat& image) { return image.depth() == CV_8U || image.depth() == CV_16U; }

void FindRange(const cv::Mat& image, FieldScan& scan) {
  if (image.depth() != CV_16U) {
    cv::minMaxLoc(image, &scan.min_adu, &scan.max_adu);
    return;
  }
  RowRange all = RangeOf(image.ptr<std::uint16_t>(0), image.cols);
  for (int y = 1; y < image.rows; ++y) {
    const RowRange row = RangeOf(image.ptr<std::uint16_t>(y), image.cols);
    all = {std::min(all.low, row.low), std::max(all.high, row.high)};
  }
  scan.min_adu = all.low;
  scan.max_adu = all.high;
}

// Levels from the smallest to the largest value; those of whole numbers are the values themselves.
void Prepare(ValueHistogram& histogram, const FieldScan& scan, bool whole_numbers) {
  const double range = scan.max_adu - scan.min_adu;
  histogram.lowest = scan.min_adu;
  histogram.step = whole_numbers || !(range > 0.0) ? 1.0 : range / (kLevels - 1);
  histogram.counts.assign(whole_numbers ? static_cast<std::size_t>(range) + 1 : kLevels, 0);
}

void Count(ValueHistogram& histogram, const float* row, int width, int stride,
           std::vector<std::int32_t>& level) {
  LevelsOf(row, width, static_cast<float>(histogram.lowest),
           static_cast<float>(1.0 / histogram.step), level.data());
  for (int x = 0; x < width; x += stride) {
    ++histogram.counts[static_cast<std::size_t>(level[static_cast<std::size_t>(x)])];
  }
  histogram.total += (width + stride - 1) / stride;
}

// The same of values that are their own levels.
void CountRaw(ValueHistogram& histogram, const std::uint16_t* row, int width) {
  const auto lowest = static_cast<std::uint16_t>(histogram.lowest);
  for (int x = 0; x < width; ++x) ++histogram.counts[static_cast<std::size_t>(row[x] - lowest)];
  histogram.total += width;
}

FieldLevels LevelsFrom(const cv::Mat& image, const FieldScan& scan) {
  ValueHistogram sample;
  Prepare(sample, scan, IsFine(image));
  const int stride = std::max(1, image.rows / kSampledRows);
  std::vector<float> row(static_cast<std::size_t>(image.cols));
  std::vector<std::int32_t> level(row.size());
  for (int y = stride / 2; y < image.rows; y += stride) {
    if (image.depth() == CV_16U) {
      CountRaw(sample, image.ptr<std::uint16_t>(y), image.cols);
      continue;
    }
    RowAsFloat(image, y, row.data());
    Count(sample, row.data(), image.cols, 1, level);
  }
  return {.origin = static_cast<float>(0.5 * (scan.min_adu + scan.max_adu)),
          .high = static_cast<float>(sample.QuantileFromTop(kExtreme)),
          .low = static_cast<float>(sample.Quantile(kExtreme)),
          .bright = static_cast<float>(kBrightZone * scan.max_adu)};
}

int BinFor(cv::Size size) {
  const int longest = std::max(size.width, size.height);
  const int shortest = std::min(size.width, size.height);
  return std::clamp((longest + kMostBins - 1) / kMostBins, 1, std::max(1, shortest / kLeastBins));
}

class BinRows {
 public:
  BinRows(cv::Size image, int bin_px)
      : bin_px_(bin_px),
        sums_((image.height + bin_px - 1) / bin_px, (image.width + bin_px - 1) / bin_px, CV_64F,
              cv::Scalar(0.0)),
        image_(image) {}

  void Add(int y, const ColumnSums& columns) {
    auto* sums = sums_.ptr<double>(y / bin_px_);
    for (int bin = 0; bin < sums_.cols; ++bin) {
      const int from = bin * bin_px_;
      sums[bin] += SumOf(columns.value.data() + from, std::min(bin_px_, image_.width - from));
    }
  }

  [[nodiscard]] BinnedImage Finish(const PixelNoise& noise) {
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

// What the sums over a few rows add to those over the image.
class Totals {
 public:
  explicit Totals(int columns) : columns_(columns), bright_(Eigen::ArrayXf::Zero(columns)) {}

  void Add(int y, const ColumnSums& sums) {
    value_ += SumOf(sums.value.data(), columns_);
    square_ += SumOf(sums.square.data(), columns_);
    above_ += SumOf(sums.above.data(), columns_);
    below_ += SumOf(sums.below.data(), columns_);
    bright_ += Row(sums.bright.data(), columns_);
    bright_y_ += SumOf(sums.bright_y.data(), columns_) + SumOf(sums.bright.data(), columns_) * y;
  }

  void Finish(std::size_t total, const FieldLevels& levels, FieldScan& scan) const {
    const auto pixels = static_cast<double>(total);
    scan.mean_adu = value_ / pixels;
    const double from_origin = scan.mean_adu - static_cast<double>(levels.origin);
    scan.sd_adu = std::sqrt(std::max(0.0, square_ / pixels - from_origin * from_origin));
    const double extreme = std::max(1.0, std::floor(kExtreme * pixels));
    scan.brightest_adu = static_cast<double>(levels.high) + above_ / extreme;
    scan.darkest_adu = static_cast<double>(levels.low) - below_ / extreme;
    const Eigen::ArrayXd bright = bright_.cast<double>();
    const Eigen::ArrayXd x = Eigen::ArrayXd::LinSpaced(columns_, 0.0, columns_ - 1.0);
    if (bright.sum() > 0.0) {
      scan.bright_zone_px = cv::Point2d((bright * x).sum(), bright_y_) / bright.sum();
    }
  }

 private:
  int columns_;
  double value_ = 0.0, square_ = 0.0, above_ = 0.0, below_ = 0.0;
  double bright_y_ = 0.0;
  Eigen::ArrayXf bright_;  // pixels a column, exact
};

// Histogram of the smoothed rows.
class SmoothedRows {
 public:
  SmoothedRows(FieldScan& scan, int width)
      : scan_(scan), width_(width), level_(static_cast<std::size_t>(width)) {
    Prepare(scan_.smoothed, scan, false);
  }

  void Add(const float* row) { Count(scan_.smoothed, row, width_, kColumnStep, level_); }

 private:
  FieldScan& scan_;
  int width_;
  std::vector<std::int32_t> level_;
};

// All that one pass over the rows collects, a band of rows at a time.
class BandScan {
 public:
  BandScan(const cv::Mat& image, FieldScan& scan)
      : image_(image),
        scan_(scan),
        levels_(LevelsFrom(image, scan)),
        bin_px_(BinFor(image.size())),
        few_(kRowsTogether, (image.cols + kPaddingPx) / 16 * 16 + 2 * kPaddingPx, CV_32F),
        sums_(static_cast<std::size_t>(image.cols)),
        bins_(image.size(), bin_px_),
        noise_(image.size()),
        totals_(image.cols),
        smoothed_(scan, image.cols),
        gaussian_(image.size(), [this](int, const float* row) { smoothed_.Add(row); }) {}

  void Run() {
    for (int y = 0; y < image_.rows; y += kBandRows) {
      const int rows = std::min(kBandRows, image_.rows - y);
      // In parts that lie in one row of bins.
      for (int from = 0; from < rows;) {
        const int part = std::min(rows - from, bin_px_ - (y + from) % bin_px_);
        AddPart(y + from, part);
        from += part;
      }
    }
    totals_.Finish(image_.total(), levels_, scan_);
    scan_.smoothed_min_adu = static_cast<double>(gaussian_.lowest());
    scan_.smoothed_max_adu = static_cast<double>(gaussian_.highest());
    const double rounding_adu2 = image_.depth() == CV_32F
                                     ? 1e-14 * std::pow(std::max(scan_.max_adu, -scan_.min_adu), 2)
                                     : 1.0 / 12.0;
    scan_.noise = noise_.Fit(std::max(rounding_adu2, 1e-300));
    scan_.binned = bins_.Finish(scan_.noise);
  }

 private:
  // Few rows at a time, which stay in the nearest cache from the first step to the last.
  void AddPart(int y, int rows) {
    sums_.Clear();
    for (int done = 0; done < rows; done += kRowsTogether) {
      const int count = std::min(kRowsTogether, rows - done);
      for (int k = 0; k < count; ++k) {
        float* row = few_.ptr<float>(k) + kPaddingPx;
        FetchRow(image_, y + done + k + kRowsTogether);
        RowAsFloat(image_, y + done + k, row);
        gaussian_.Add(y + done + k, row);
      }
      AddRows(few_.ptr<float>() + kPaddingPx, few_.step1(), {done, done + count}, image_.cols,
              levels_, sums_);
    }
    bins_.Add(y, sums_);
    noise_.Add(y, rows, sums_);
    totals_.Add(y, sums_);
  }

  const cv::Mat& image_;
  FieldScan& scan_;
  FieldLevels levels_;
  int bin_px_;
  cv::Mat few_;  // CV_32F
  ColumnSums sums_;
  BinRows bins_;
  NoiseBlocks noise_;
  Totals totals_;
  SmoothedRows smoothed_;
  GaussianRows gaussian_;
};

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

double ValueHistogram::QuantileFromTop(double fraction) const {
  const double wanted = fraction * static_cast<double>(total);
  double above = 0.0;
  for (std::size_t level = counts.size(); level-- > 0;) {
    above += counts[level];
    if (above >= wanted && counts[level] > 0) return lowest + step * static_cast<double>(level);
  }
  return lowest;
}

FieldScan ScanField(const cv::Mat& image) {
  FieldScan scan;
  if (image.depth() == CV_32F && !cv::checkRange(image)) {
    scan.finite = false;
    return scan;
  }
  FindRange(image, scan);
  BandScan(image, scan).Run();
  return scan;
}

}  // namespace qc_metrics
