#include "qc_metrics/psf_halfmax_background.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "qc_metrics/psf_projection.h"

namespace qc_metrics {
namespace {

constexpr int kSlabSlices = 3;
constexpr int kColumnReach = 15;
constexpr double kClearSigmas = 6.0;
constexpr double kRingSigmas = 9.0;
constexpr double kClip = 4.0;            // standard deviations
constexpr double kStructured = 0.03;     // share of clipped values above which the mean is not used
constexpr double kMedianPrice = 1.2533;  // of its SD over the mean's
constexpr std::size_t kFewest = 20;

double MedianOf(std::vector<float>& values) {
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::nth_element(values.begin(), middle, values.end());
  return static_cast<double>(*middle);
}

/// Clipped mean of values, or their median.
std::optional<Estimate> Level(std::vector<float>& values, const NoiseLine& noise) {
  if (values.size() < kFewest) {
    return std::nullopt;
  }
  const double median = MedianOf(values);
  const double sd = std::sqrt(VarianceAt(noise, median));
  double sum = 0.0;
  double count = 0.0;
  for (const float value : values) {
    const double d = static_cast<double>(value) - median;
    if (std::abs(d) <= kClip * sd) {
      sum += d;
      count += 1.0;
    }
  }
  const auto n = static_cast<double>(values.size());
  if (n - count > kStructured * n) {
    return Estimate{median, kMedianPrice * sd / std::sqrt(n)};
  }
  return Estimate{median + sum / count, sd / std::sqrt(count)};
}

/// Three slices from `first` on, in a column about the bead.
std::optional<Estimate> Slab(const FitContext& context, const std::array<double, 3>& centre,
                             int first) {
  const cv::Mat& plane = context.stack.planes.front();
  const int x = static_cast<int>(std::lround(centre[0]));
  const int y = static_cast<int>(std::lround(centre[1]));
  const int left = std::max(0, x - kColumnReach);
  const int right = std::min(plane.cols - 1, x + kColumnReach);
  if (right < left) {
    return std::nullopt;
  }
  const auto width = static_cast<std::size_t>(right - left + 1);
  std::vector<float> values;
  for (int z = first; z < first + kSlabSlices; ++z) {
    for (int row = std::max(0, y - kColumnReach); row <= std::min(plane.rows - 1, y + kColumnReach);
         ++row) {
      values.resize(values.size() + width);
      ReadRow(context.stack, left, row, z, static_cast<int>(width),
              values.data() + values.size() - width);
    }
  }
  return Level(values, context.noise);
}

/// A lateral ring about the bead in the slices of its core.
std::optional<Estimate> Ring(const FitContext& context, const std::array<double, 3>& centre,
                             const Shape& shape) {
  const cv::Mat& plane = context.stack.planes.front();
  const int planes = static_cast<int>(context.stack.planes.size());
  const double sigma = std::sqrt(std::sqrt(shape[0] * shape[1]));
  const double sigma_z = std::sqrt(shape[2]);
  const int reach = static_cast<int>(std::ceil(kRingSigmas * sigma));
  std::vector<float> values;
  const int first = std::max(0, static_cast<int>(std::lround(centre[2] - sigma_z)));
  const int last = std::min(planes - 1, static_cast<int>(std::lround(centre[2] + sigma_z)));
  const int x0 = static_cast<int>(std::lround(centre[0]));
  const int y0 = static_cast<int>(std::lround(centre[1]));
  for (int z = first; z <= last; ++z) {
    for (int y = std::max(0, y0 - reach); y <= std::min(plane.rows - 1, y0 + reach); ++y) {
      for (int x = std::max(0, x0 - reach); x <= std::min(plane.cols - 1, x0 + reach); ++x) {
        const double distance = std::hypot(x - centre[0], y - centre[1]);
        if (distance >= kClearSigmas * sigma && distance <= kRingSigmas * sigma) {
          values.push_back(VoxelAt(context.stack, x, y, z));
        }
      }
    }
  }
  if (values.size() < kFewest) {
    return std::nullopt;
  }
  const double median = MedianOf(values);
  return Estimate{median, kMedianPrice * std::sqrt(VarianceAt(context.noise, median) /
                                                   static_cast<double>(values.size()))};
}

}  // namespace

Estimate FarBackground(const FitContext& context, const std::array<double, 3>& centre,
                       const Shape& shape) {
  const int planes = static_cast<int>(context.stack.planes.size());
  const double clear = kClearSigmas * std::sqrt(shape[2]);
  std::optional<Estimate> below;
  std::optional<Estimate> above;
  if (centre[2] - (kSlabSlices - 1) >= clear) {
    below = Slab(context, centre, 0);
  }
  if (planes - kSlabSlices - centre[2] >= clear) {
    above = Slab(context, centre, planes - kSlabSlices);
  }
  if (below && above) {
    const double share = (centre[2] - 1.0) / (planes - kSlabSlices);
    return {(1.0 - share) * below->value + share * above->value,
            std::hypot((1.0 - share) * below->u, share * above->u)};
  }
  if (below || above) {
    return below ? *below : *above;
  }
  return Ring(context, centre, shape)
      .value_or(Estimate{context.background.level_adu, context.background.sd_adu});
}

}  // namespace qc_metrics
