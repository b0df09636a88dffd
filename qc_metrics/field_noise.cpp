#include "qc_metrics/field_noise.h"

#include <algorithm>
#include <cmath>

namespace qc_metrics {
namespace {

constexpr int kBlock = NoiseBlocks::kBlockPx;
constexpr int kTriples = kBlock - 2;  // three pixels in a row, all within the block
// Neighbouring second differences of white noise are correlated by -2/3 and 1/6, their squares by
// 4/9 and 1/36: so many of them count as one independent square.
constexpr double kOverlap = 1.0 + 2.0 * (4.0 / 9.0 + 1.0 / 36.0);
constexpr std::size_t kGroups = 8;
constexpr std::size_t kLeastBlocksAGroup = 8;

struct Point {
  double level, variance;
};

// Wilson and Hilferty: the median of chi-squared / n, n degrees of freedom.
double MedianOfReducedChiSquare(double n) { return std::pow(1.0 - 2.0 / (9.0 * n), 3); }

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Puts the groups first .. end - 1 of `groups` equally large ones in the order of their levels.
void SplitByLevel(std::vector<Point>& points, std::size_t first, std::size_t end,
                  std::size_t groups) {
  if (end - first < 2) return;
  const auto at = [&](std::size_t group) {
    return points.begin() + static_cast<std::ptrdiff_t>(group * points.size() / groups);
  };
  const std::size_t middle = first + (end - first) / 2;
  std::nth_element(at(first), at(middle), at(end),
                   [](const Point& a, const Point& b) { return a.level < b.level; });
  SplitByLevel(points, first, middle, groups);
  SplitByLevel(points, middle, end, groups);
}

// Least squares on relative errors: each group knows its variance to the same relative error.
PixelNoise LineThrough(const std::vector<Point>& points) {
  double w = 0.0, wx = 0.0, wy = 0.0, wxx = 0.0, wxy = 0.0;
  for (const auto& p : points) {
    const double weight = 1.0 / (p.variance * p.variance);
    w += weight;
    wx += weight * p.level;
    wy += weight * p.variance;
    wxx += weight * p.level * p.level;
    wxy += weight * p.level * p.variance;
  }
  const double det = w * wxx - wx * wx;
  const PixelNoise flat{.constant_adu2 = wy / w, .slope_adu = 0.0};
  if (!(det > 1e-9 * w * wxx)) return flat;
  const double slope = (w * wxy - wx * wy) / det;
  const double constant = (wxx * wy - wx * wxy) / det;
  if (slope < 0.0) return flat;
  if (constant < 0.0) return {.constant_adu2 = 0.0, .slope_adu = wxy / wxx};
  return {.constant_adu2 = constant, .slope_adu = slope};
}

}  // namespace

NoiseBlocks::NoiseBlocks(cv::Size image)
    : columns_(image.width / kBlock),
      blocks_(static_cast<std::size_t>(columns_ * (image.height / kBlock))) {}

void NoiseBlocks::Add(int y, int rows, const ColumnSums& sums) {
  const auto first = static_cast<std::size_t>(y / kBlock) * static_cast<std::size_t>(columns_);
  if (first >= blocks_.size()) return;
  for (int column = 0; column < columns_; ++column) {
    const auto from = static_cast<std::size_t>(column) * kBlock;
    double square = 0.0;
    double level = 0.0;
    for (std::size_t x = from; x < from + kBlock; ++x) level += static_cast<double>(sums.value[x]);
    for (std::size_t x = from + 1; x + 1 < from + kBlock; ++x) {
      square += static_cast<double>(sums.second[x]);
    }
    auto& block = blocks_[first + static_cast<std::size_t>(column)];
    block.square += square / 6.0;  // var(a - 2b + c) = 6 var
    block.level += level;
    block.rows += rows;
  }
}

PixelNoise NoiseBlocks::Fit(double least_variance_adu2) const {
  std::vector<Point> points;
  points.reserve(blocks_.size());
  for (const auto& block : blocks_) {
    if (block.rows == 0) continue;
    points.push_back({block.level / (block.rows * kBlock), block.square / (block.rows * kTriples)});
  }
  if (points.empty()) return {.constant_adu2 = least_variance_adu2, .slope_adu = 0.0};
  const std::size_t groups =
      std::clamp<std::size_t>(points.size() / kLeastBlocksAGroup, 1, kGroups);
  SplitByLevel(points, 0, groups, groups);
  std::vector<Point> medians;
  for (std::size_t g = 0; g < groups; ++g) {
    std::vector<double> levels;
    std::vector<double> variances;
    for (std::size_t i = g * points.size() / groups; i < (g + 1) * points.size() / groups; ++i) {
      levels.push_back(points[i].level);
      variances.push_back(points[i].variance);
    }
    const double unbiased =
        Median(variances) / MedianOfReducedChiSquare(kTriples * kBlock / kOverlap);
    medians.push_back({Median(levels), std::max(unbiased, least_variance_adu2)});
  }
  PixelNoise line = LineThrough(medians);
  if (line.slope_adu == 0.0) {
    line.constant_adu2 = std::max(line.constant_adu2, least_variance_adu2);
  } else if (line.constant_adu2 < least_variance_adu2) {
    line.constant_adu2 = least_variance_adu2;
  }
  return line;
}

}  // namespace qc_metrics
