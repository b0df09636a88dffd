#include "qc_metrics/coregistration_centroid.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "qc_metrics/wide_kernel.h"

namespace qc_metrics {
namespace {

constexpr double kLargest = 65535.0;
constexpr int kRounds = 100;

/// Sums of 16-bit values fit: neither side of a stack is longer than 65535.
template <typename T>
using ProjectionSum =
    std::conditional_t<std::is_integral_v<T> && sizeof(T) <= 2, std::uint32_t, double>;

/// Adds a row to the sums of its columns; the sum of the row.
template <typename T, typename Sum>
[[gnu::always_inline]] inline Sum AddRowTo(const T* row, int count, Sum* __restrict along_z,
                                           Sum* __restrict along_y) {
  Sum sum = 0;
  for (int x = 0; x < count; ++x) {
    const auto value = static_cast<Sum>(row[x]);
    along_z[x] += value;
    along_y[x] += value;
    sum += value;
  }
  return sum;
}

// target_clones does not go with templates: a wide door for what cameras store.
ETALON_WIDE_KERNEL std::uint32_t AddRow(const std::uint16_t* row, int count, std::uint32_t* along_z,
                                        std::uint32_t* along_y) {
  return AddRowTo(row, count, along_z, along_y);
}
std::uint32_t AddRow(const std::uint8_t* row, int count, std::uint32_t* along_z,
                     std::uint32_t* along_y) {
  return AddRowTo(row, count, along_z, along_y);
}
template <typename T>
double AddRow(const T* row, int count, double* along_z, double* along_y) {
  return AddRowTo(row, count, along_z, along_y);
}

/// A cut of a mapped file lies in many short pieces far from each other: they are asked for early.
template <typename T>
void FetchPlane(const cv::Mat& plane, const cv::Rect& cut) {
  constexpr std::size_t kLineBytes = 64;
  for (int y = cut.y; y < cut.y + cut.height; ++y) {
    const auto* row = reinterpret_cast<const char*>(plane.ptr<T>(y) + cut.x);
    for (std::size_t at = 0; at < static_cast<std::size_t>(cut.width) * sizeof(T) + kLineBytes;
         at += kLineBytes) {
      __builtin_prefetch(row + at);
    }
  }
}

template <typename T>
std::array<cv::Mat, 3> SumTyped(const Stack& stack, const cv::Rect& cut) {
  const auto width = static_cast<std::size_t>(cut.width);
  const auto height = static_cast<std::size_t>(cut.height);
  const std::size_t planes = stack.planes.size();
  using Sum = ProjectionSum<T>;
  std::vector<Sum> along_z(height * width), along_y(planes * width), along_x(planes * height);
  for (std::size_t z = 0; z < planes; ++z) {
    if (z + 1 < planes) FetchPlane<T>(stack.planes[z + 1], cut);
    for (std::size_t y = 0; y < height; ++y) {
      const T* row = stack.planes[z].ptr<T>(cut.y + static_cast<int>(y)) + cut.x;
      along_x[z * height + y] = AddRow(row, cut.width, &along_z[y * width], &along_y[z * width]);
    }
  }
  const auto as_image = [](const std::vector<Sum>& sums, std::size_t rows, std::size_t columns) {
    cv::Mat image(static_cast<int>(rows), static_cast<int>(columns), CV_64F);
    std::copy(sums.begin(), sums.end(), image.ptr<double>());
    return image;
  };
  return {as_image(along_z, height, width), as_image(along_y, planes, width),
          as_image(along_x, planes, height)};
}

/// The three sum projections of a cut: along z (y, x), along y (z, x) and along x (z, y).
std::array<cv::Mat, 3> SumProjections(const Stack& stack, const cv::Rect& cut) {
  switch (stack.planes.front().depth()) {
    case CV_8U:
      return SumTyped<std::uint8_t>(stack, cut);
    case CV_16U:
      return SumTyped<std::uint16_t>(stack, cut);
    case CV_32S:
      return SumTyped<std::int32_t>(stack, cut);
    default:
      return SumTyped<float>(stack, cut);
  }
}

/// Fixed point of the mean of the means of what is below and what reaches the limit.
int ClassLimit(const std::vector<int>& values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  double total = 0.0;
  for (const int v : values) total += v;
  int limit = *low + (*high - *low) / 2;
  for (int round = 0; round < kRounds; ++round) {
    std::int64_t below = 0;
    std::int64_t below_sum = 0;
    for (const int v : values) {
      below += v < limit ? 1 : 0;
      below_sum += v < limit ? v : 0;
    }
    const std::int64_t above = std::ssize(values) - below;
    if (below == 0 || above == 0) break;
    const double mean_below = static_cast<double>(below_sum) / static_cast<double>(below);
    const double mean_above = (total - static_cast<double>(below_sum)) / static_cast<double>(above);
    const int next = static_cast<int>(std::floor(0.5 * (mean_below + mean_above)));
    if (next == limit) break;
    limit = next;
  }
  return limit;
}

/// Centre of mass, column and row, of what reaches the limit.
std::optional<std::array<double, 2>> CentreOfMass(const cv::Mat& projection) {
  double low = 0.0;
  double high = 0.0;
  cv::minMaxLoc(projection, &low, &high);
  if (!(high > low)) return std::nullopt;
  std::vector<int> values;
  values.reserve(projection.total());
  for (int y = 0; y < projection.rows; ++y) {
    for (int x = 0; x < projection.cols; ++x) {
      values.push_back(static_cast<int>(
          std::min(kLargest, (projection.at<double>(y, x) - low) * kLargest / (high - low) + 0.5)));
    }
  }
  const int limit = ClassLimit(values);
  double sum = 0.0;
  std::array<double, 2> moment{};
  for (int y = 0, k = 0; y < projection.rows; ++y) {
    for (int x = 0; x < projection.cols; ++x, ++k) {
      const int v = values[static_cast<std::size_t>(k)];
      if (v < limit) continue;
      sum += v;
      moment[0] += static_cast<double>(v) * x;
      moment[1] += static_cast<double>(v) * y;
    }
  }
  return std::array<double, 2>{moment[0] / sum, moment[1] / sum};
}

}  // namespace

std::optional<std::array<double, 3>> MetrolojCentre(const Stack& stack, const cv::Rect& cut) {
  const auto projections = SumProjections(stack, cut);
  const auto xy = CentreOfMass(projections[0]);
  const auto xz = CentreOfMass(projections[1]);
  const auto yz = CentreOfMass(projections[2]);
  if (!xy || !xz || !yz) return std::nullopt;
  return std::array<double, 3>{cut.x + (*xy)[0], cut.y + (*xy)[1], 0.5 * ((*xz)[1] + (*yz)[1])};
}

}  // namespace qc_metrics
