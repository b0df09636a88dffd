#include "qc_metrics/psf_smoothed.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace qc_metrics {
namespace {

constexpr double kMadToSd = 1.4826;
constexpr int kLeastBlockPx = 64;
constexpr double kBlockWidths = 16.0;
constexpr int kBlockSample = 1024;
constexpr int kFieldSample = 16384;

float MedianOf(std::vector<float>& values) {
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double RobustSd(std::vector<float> values) {
  const float median = MedianOf(values);
  for (float& value : values) value = std::abs(value - median);
  return kMadToSd * static_cast<double>(MedianOf(values));
}

/// Every n-th value of a region, at most about `limit` of them.
std::vector<float> Sample(const cv::Mat& image, const cv::Rect& region, int limit) {
  std::vector<float> values;
  const int step = std::max(1, region.area() / limit);
  for (int i = 0; i < region.area(); i += step) {
    values.push_back(image.at<float>(region.y + i / region.width, region.x + i % region.width));
  }
  return values;
}

int BlockPx(double width_px) {
  return std::max(kLeastBlockPx, static_cast<int>(kBlockWidths * width_px));
}

}  // namespace

SmoothedMaximum::Between::Between(int blocks, int pixels)
    : starts(1, 0), shares(static_cast<std::size_t>(pixels)) {
  for (int i = 0; i < pixels; ++i) {
    const double at = std::clamp((i + 0.5) * blocks / pixels - 0.5, 0.0, blocks - 1.0);
    while (std::ssize(starts) <= static_cast<int>(at)) starts.push_back(i);
    shares[static_cast<std::size_t>(i)] = static_cast<float>(at - static_cast<int>(at));
  }
}

int SmoothedMaximum::Between::EndOf(std::size_t block) const {
  return block + 1 < starts.size() ? starts[block + 1] : static_cast<int>(shares.size());
}

SmoothedMaximum::SmoothedMaximum(const cv::Mat& maximum, double width_px)
    : maximum_(maximum),
      sigma_px_(std::max(0.8, 0.3 * width_px)),
      medians_(std::max(1, maximum.rows / BlockPx(width_px)),
               std::max(1, maximum.cols / BlockPx(width_px)), CV_32F),
      across_(medians_.cols, maximum.cols),
      down_(medians_.rows, maximum.rows) {
  FindMedians();
}

// Strips are rows of blocks.
cv::Range SmoothedMaximum::RowsOf(int block) const {
  return {block * maximum_.rows / medians_.rows, (block + 1) * maximum_.rows / medians_.rows};
}

cv::Mat SmoothedMaximum::Smoothed(cv::Range rows) const {
  const int reach = 2 + static_cast<int>(std::ceil(4.0 * sigma_px_));  // at least the kernel's
  const cv::Range wide(std::max(0, rows.start - reach), std::min(maximum_.rows, rows.end + reach));
  cv::Mat values;
  cv::Mat smooth;
  maximum_.rowRange(wide).convertTo(values, CV_32F);
  cv::GaussianBlur(values, smooth, cv::Size(), sigma_px_, sigma_px_, cv::BORDER_REPLICATE);
  return smooth.rowRange(rows.start - wide.start, rows.end - wide.start);
}

// Lines through the values at the blocks' centres.
std::vector<float> SmoothedMaximum::SurfaceRow(int y) const {
  const auto above = std::upper_bound(down_.starts.begin(), down_.starts.end(), y);
  const int block = static_cast<int>(above - down_.starts.begin()) - 1;
  const float* upper = medians_.ptr<float>(block);
  const float* lower = medians_.ptr<float>(std::min(block + 1, medians_.rows - 1));
  const float share = down_.shares[static_cast<std::size_t>(y)];
  std::vector<float> line(static_cast<std::size_t>(medians_.cols));
  for (std::size_t i = 0; i < line.size(); ++i) line[i] = upper[i] + share * (lower[i] - upper[i]);
  std::vector<float> row(across_.shares);
  for (std::size_t i = 0; i < line.size(); ++i) {
    const float step = line[std::min(i + 1, line.size() - 1)] - line[i];
    const int end = across_.EndOf(i);
    for (int x = across_.starts[i]; x < end; ++x) {
      float& value = row[static_cast<std::size_t>(x)];
      value = line[i] + value * step;
    }
  }
  return row;
}

void SmoothedMaximum::FindMedians() {
  const int columns = maximum_.cols;
  const int step = std::max(1, static_cast<int>(maximum_.total()) / kFieldSample);
  std::vector<float> sampled;  // every step-th pixel of the field
  int next = 0;
  for (int j = 0; j < medians_.rows; ++j) {
    const cv::Range rows = RowsOf(j);
    const cv::Mat smooth = Smoothed(rows);
    for (int i = 0; i < medians_.cols; ++i) {
      const cv::Range part(i * columns / medians_.cols, (i + 1) * columns / medians_.cols);
      auto values = Sample(smooth, {part.start, 0, part.size(), rows.size()}, kBlockSample);
      medians_.at<float>(j, i) = MedianOf(values);
    }
    for (; next < rows.end * columns; next += step) {
      sampled.push_back(smooth.at<float>(next / columns - rows.start, next % columns));
    }
  }
  std::vector<float> surface;
  for (int i = 0, row = -1; i < static_cast<int>(sampled.size()); ++i) {
    const int at = i * step;
    if (at / columns != row) {
      row = at / columns;
      surface = SurfaceRow(row);
    }
    sampled[static_cast<std::size_t>(i)] -= surface[static_cast<std::size_t>(at % columns)];
  }
  sd_ = RobustSd(std::move(sampled));
}

void SmoothedMaximum::ForEachStrip(int margin,
                                   const std::function<void(const Strip&)>& visit) const {
  for (int j = 0; j < medians_.rows; ++j) {
    Strip strip;
    strip.own = RowsOf(j);
    strip.first_row = std::max(0, strip.own.start - margin);
    strip.values = Smoothed({strip.first_row, std::min(maximum_.rows, strip.own.end + margin)});
    for (int y = 0; y < strip.values.rows; ++y) {
      const std::vector<float> surface = SurfaceRow(strip.first_row + y);
      float* row = strip.values.ptr<float>(y);
      for (int x = 0; x < strip.values.cols; ++x) row[x] -= surface[static_cast<std::size_t>(x)];
    }
    visit(strip);
  }
}

}  // namespace qc_metrics
