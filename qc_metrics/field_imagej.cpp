#include "qc_metrics/field_imagej.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "qc_metrics/field_kernels.h"
#include "qc_metrics/gaussian_rows.h"

namespace qc_metrics {
namespace {

constexpr int kRadius = GaussianRows::kRadius;
constexpr int kTaps = 2 * kRadius + 1;

enum class Border { kRepeated, kMirrored };

int Inside(int at, int size, Border border) {
  if (border == Border::kRepeated) return std::clamp(at, 0, size - 1);
  return at < 0 ? -at - 1 : at >= size ? 2 * size - at - 1 : at;
}

void WidenPart(const cv::Mat& image, int y, int x, int count, float* out) {
  switch (image.depth()) {
    case CV_8U:
      return WidenRow(image.ptr<std::uint8_t>(y) + x, count, out);
    case CV_16U:
      return WidenRow(image.ptr<std::uint16_t>(y) + x, count, out);
    default:
      return WidenRow(image.ptr<std::int32_t>(y) + x, count, out);
  }
}

/// `count` values of row `y` from `x` on, those beyond the border by its rule.
void ReadBeyond(const cv::Mat& image, int y, int x, int count, Border border, float* out) {
  const int begin = std::clamp(-x, 0, count);
  const int end = std::clamp(image.cols - x, begin, count);
  WidenPart(image, y, x + begin, end - begin, out + begin);
  const auto read = [&](int i) {
    WidenPart(image, y, Inside(x + i, image.cols, border), 1, out + i);
  };
  for (int i = 0; i < begin; ++i) read(i);
  for (int i = end; i < count; ++i) read(i);
}

std::array<float, kRadius + 1> Kernel() {
  std::array<float, kRadius + 1> weights{};
  double total = 0.0;
  const auto bell = [](int k) {
    return std::exp(-0.5 * k * k / (GaussianRows::kSigmaPx * GaussianRows::kSigmaPx));
  };
  for (int k = -kRadius; k <= kRadius; ++k) total += bell(k);
  for (int k = 0; k <= kRadius; ++k) {
    weights[static_cast<std::size_t>(k)] = static_cast<float>(bell(k) / total);
  }
  return weights;
}

/// Part of the smoothed image.
cv::Mat Smoothed(const cv::Mat& image, const cv::Rect& part, Border border) {
  static const std::array<float, kRadius + 1> kWeights = Kernel();
  cv::Mat along_x(part.height + 2 * kRadius, part.width, CV_32F);
  std::vector<float> padded(static_cast<std::size_t>(part.width + 2 * kRadius));
  std::array<const float*, kTaps> taps{};
  for (int j = 0; j < along_x.rows; ++j) {
    const int y = Inside(part.y + j - kRadius, image.rows, border);
    ReadBeyond(image, y, part.x - kRadius, part.width + 2 * kRadius, border, padded.data());
    Symmetric17(padded.data(), kWeights.data(), part.width, along_x.ptr<float>(j));
  }
  cv::Mat out(part.height, part.width, CV_32F);
  for (int y = 0; y < part.height; ++y) {
    for (int k = 0; k < kTaps; ++k) taps[static_cast<std::size_t>(k)] = along_x.ptr<float>(y + k);
    Symmetric17(taps.data(), kWeights.data(), part.width, out.ptr<float>(y));
  }
  return out;
}

struct Extremes {
  double low, high;

  void Take(const cv::Mat& values) {
    double least = 0.0;
    double most = 0.0;
    cv::minMaxLoc(values, &least, &most);
    low = std::min(low, least);
    high = std::max(high, most);
  }
};

std::array<cv::Rect, 4> Frame(cv::Size size) {
  return {cv::Rect(0, 0, size.width, kRadius),
          cv::Rect(0, size.height - kRadius, size.width, kRadius),
          cv::Rect(0, 0, kRadius, size.height),
          cv::Rect(size.width - kRadius, 0, kRadius, size.height)};
}

Extremes ExtremesOf(const cv::Mat& image, const FieldScan& scan) {
  Extremes repeated{scan.smoothed_max_adu, scan.smoothed_min_adu};
  Extremes mirrored = repeated;
  for (const cv::Rect& side : Frame(image.size())) {
    repeated.Take(Smoothed(image, side, Border::kRepeated));
    mirrored.Take(Smoothed(image, side, Border::kMirrored));
  }
  // An extreme of the scan that is none of the mirrored frame lies inside, where both agree.
  const double room = 1e-5 * std::abs(scan.smoothed_max_adu);
  const bool low_inside = mirrored.low > scan.smoothed_min_adu + room;
  const bool high_inside = mirrored.high < scan.smoothed_max_adu - room;
  if (low_inside) repeated.low = std::min(repeated.low, scan.smoothed_min_adu);
  if (high_inside) repeated.high = std::max(repeated.high, scan.smoothed_max_adu);
  // One that is of the mirrored frame bounds the inside, too.
  const bool low_known = low_inside || repeated.low <= scan.smoothed_min_adu;
  const bool high_known = high_inside || repeated.high >= scan.smoothed_max_adu;
  if (!low_known || !high_known) {
    repeated.Take(Smoothed(image, cv::Rect({}, image.size()), Border::kRepeated));
  }
  return repeated;
}

double Whole(double value) { return std::floor(value + 0.5); }

}  // namespace

ImageJField MeasureImageJField(const cv::Mat& image, const FieldScan& scan) {
  const Extremes extremes = ExtremesOf(image, scan);
  const double most = Whole(extremes.high);
  const std::array<int, 3> xs = {0, image.cols / 2, image.cols - 1};
  const std::array<int, 3> ys = {0, image.rows / 2, image.rows - 1};
  std::vector<double> azimuths;
  for (const int y : ys) {
    for (const int x : xs) {
      if (x == xs[1] && y == ys[1]) continue;
      const cv::Mat pixel = Smoothed(image, cv::Rect(x, y, 1, 1), Border::kRepeated);
      azimuths.push_back(Whole(static_cast<double>(pixel.at<float>(0, 0))));
    }
  }
  cv::Scalar mean, sd;
  cv::meanStdDev(azimuths, mean, sd);  // the plugin's spread, over n
  return {.minmax = Whole(extremes.low) / most, .azimuth8 = 1.0 - sd[0] / most};
}

}  // namespace qc_metrics
