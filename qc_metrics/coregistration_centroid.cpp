#include "qc_metrics/coregistration_centroid.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "qc_metrics/psf_projection.h"

namespace qc_metrics {
namespace {

constexpr double kLargest = 65535.0;
constexpr int kRounds = 100;

/// The three sum projections of a cut: along z (y, x), along y (z, x) and along x (z, y).
std::array<cv::Mat, 3> SumProjections(const Stack& stack, const cv::Rect& cut) {
  const int planes = static_cast<int>(stack.planes.size());
  std::array<cv::Mat, 3> out = {cv::Mat::zeros(cut.height, cut.width, CV_64F),
                                cv::Mat::zeros(planes, cut.width, CV_64F),
                                cv::Mat::zeros(planes, cut.height, CV_64F)};
  std::vector<float> values(static_cast<std::size_t>(cut.width));
  for (int z = 0; z < planes; ++z) {
    double* along_y = out[1].ptr<double>(z);
    for (int y = 0; y < cut.height; ++y) {
      ReadRow(stack, cut.x, cut.y + y, z, cut.width, values.data());
      double* along_z = out[0].ptr<double>(y);
      double row = 0.0;
      for (int x = 0; x < cut.width; ++x) {
        const auto value = static_cast<double>(values[static_cast<std::size_t>(x)]);
        along_z[x] += value;
        along_y[x] += value;
        row += value;
      }
      out[2].at<double>(z, y) += row;
    }
  }
  return out;
}

/// Fixed point of the mean of the means of what is below and what reaches the limit.
int ClassLimit(const std::vector<int>& values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  int limit = *low + (*high - *low) / 2;
  for (int round = 0; round < kRounds; ++round) {
    double below = 0.0, below_sum = 0.0, above = 0.0, above_sum = 0.0;
    for (const int v : values) {
      (v < limit ? below : above) += 1.0;
      (v < limit ? below_sum : above_sum) += v;
    }
    if (below == 0.0 || above == 0.0) break;
    const int next = static_cast<int>(std::floor(0.5 * (below_sum / below + above_sum / above)));
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
