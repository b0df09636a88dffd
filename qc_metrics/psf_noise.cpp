#include "qc_metrics/psf_noise.h"

#include <algorithm>
#include <cmath>

#include "qc_metrics/psf_projection.h"

namespace qc_metrics {
namespace {

constexpr double kQuantum = 1.0 / 12.0;  // variance of rounding to whole numbers
constexpr std::size_t kBeadsForSlope = 32;
constexpr int kLargestCore = 6;

bool IsInteger(const Stack& stack) { return stack.planes.front().depth() != CV_32F; }

/// Least variance that is believed, so that a noiseless background does not weigh infinitely.
double Floor(const Stack& stack, const Background& background, double peak_adu) {
  const double smallest = IsInteger(stack) ? kQuantum : 1e-10 * peak_adu * peak_adu + 1e-30;
  return std::max(0.3 * background.sd_adu * background.sd_adu, smallest);
}

/// Sums over the core of one bead: excess variance seen by differences, and signal.
struct DifferenceSums {
  double excess = 0.0;
  double signal = 0.0;
};

/// Triple second difference and weighted mean of the 27 voxels about (x, y, z).
std::pair<double, double> TripleDifference(const Stack& stack, int x, int y, int z) {
  constexpr std::array<double, 3> kWeight = {1.0, -2.0, 1.0};
  std::array<float, 3> row{};
  double difference = 0.0;
  double mean = 0.0;
  for (std::size_t k = 0; k < 3; ++k) {
    for (std::size_t j = 0; j < 3; ++j) {
      ReadRow(stack, x - 1, y - 1 + static_cast<int>(j), z - 1 + static_cast<int>(k), 3,
              row.data());
      for (std::size_t i = 0; i < 3; ++i) {
        const double weight = kWeight[i] * kWeight[j] * kWeight[k];
        difference += weight * static_cast<double>(row[i]);
        mean += weight * weight * static_cast<double>(row[i]) / 216.0;
      }
    }
  }
  return {difference, mean};
}

DifferenceSums SumDifferences(const Stack& stack, const Candidate& candidate,
                              const Background& background) {
  const std::array<int, 3> size = {stack.planes[0].cols, stack.planes[0].rows,
                                   static_cast<int>(stack.planes.size())};
  std::array<int, 3> low{};
  std::array<int, 3> high{};
  for (std::size_t i = 0; i < 3; ++i) {
    const int half =
        std::clamp(static_cast<int>(1.5 * candidate.half_width_px[i]), 1, kLargestCore);
    low[i] = std::max(1, candidate.voxel[i] - half);
    high[i] = std::min(size[i] - 2, candidate.voxel[i] + half);
  }
  DifferenceSums sums;
  const double at_background = background.sd_adu * background.sd_adu;
  for (int z = low[2]; z <= high[2]; ++z) {
    for (int y = low[1]; y <= high[1]; ++y) {
      for (int x = low[0]; x <= high[0]; ++x) {
        const auto [difference, mean] = TripleDifference(stack, x, y, z);
        sums.excess += difference * difference / 216.0 - at_background;
        sums.signal += std::max(0.0, mean - background.level_adu);
      }
    }
  }
  return sums;
}

double SlopeFromDifferences(const Stack& stack, const Detection& detection) {
  std::vector<double> slopes;
  for (const Candidate& candidate : detection.candidates) {
    if (candidate.hot_pixel || candidate.half_width_px[2] <= 0.0 ||
        slopes.size() >= kBeadsForSlope) {
      continue;
    }
    const DifferenceSums sums = SumDifferences(stack, candidate, detection.background);
    if (sums.signal > 0.0) {
      slopes.push_back(std::max(0.0, sums.excess / sums.signal));
    }
  }
  if (slopes.empty()) {
    return 0.0;
  }
  std::nth_element(slopes.begin(), slopes.begin() + std::ssize(slopes) / 2, slopes.end());
  // The mean, as single slopes are skew; pairs and dirt, whose structure reads as noise, left out.
  const double limit = 2.0 * slopes[slopes.size() / 2];
  double sum = 0.0;
  double count = 0.0;
  for (const double slope : slopes) {
    sum += slope <= limit ? slope : 0.0;
    count += slope <= limit ? 1.0 : 0.0;
  }
  return sum / count;
}

}  // namespace

NoiseLine WithSlope(const NoiseLine& noise, double per_adu, const Background& background) {
  NoiseLine out = noise;
  out.per_adu = per_adu;
  out.at_zero = background.sd_adu * background.sd_adu - per_adu * background.level_adu;
  return out;
}

NoiseLine StartNoise(const Stack& stack, const PsfSettings& settings, const Detection& detection) {
  const double peak = detection.candidates.empty() ? 1.0 : detection.candidates.front().height_adu;
  NoiseLine noise;
  noise.floor = Floor(stack, detection.background, peak);
  if (!settings.gain_e_per_adu) {
    return WithSlope(noise, SlopeFromDifferences(stack, detection), detection.background);
  }
  const double gain = *settings.gain_e_per_adu;
  if (!settings.camera_offset_adu || !settings.read_noise_e) {
    return WithSlope(noise, 1.0 / gain, detection.background);
  }
  const double read_adu = *settings.read_noise_e / gain;
  noise.per_adu = 1.0 / gain;
  noise.at_zero = read_adu * read_adu + (IsInteger(stack) ? kQuantum : 0.0) -
                  *settings.camera_offset_adu / gain;
  noise.estimated = false;
  return noise;
}

double SlopeFromResiduals(const Window& window, const GaussianFit& fit, const NoiseLine& noise,
                          const PixelBox& box, const Background& background) {
  const std::vector<double> model = ModelValues(window, fit.theta, box);
  const double at_background = background.sd_adu * background.sd_adu;
  double excess = 0.0;
  double signal = 0.0;
  double share = 0.0;
  double share_squares = 0.0;
  for (const WindowRow& row : window.rows) {
    for (std::size_t i = row.offset; i < row.offset + static_cast<std::size_t>(row.count); ++i) {
      const double residual = static_cast<double>(window.values[i]) - model[i];
      const double above = std::max(0.0, model[i] - background.level_adu);
      const double weight = 1.0 / VarianceAt(noise, model[i]);
      excess += weight * weight * above * (residual * residual - at_background);
      signal += weight * weight * above * above;
      share += weight * above;
      share_squares += weight * weight * above * above;
    }
  }
  if (!(signal > 0.0)) {
    return 0.0;
  }
  // The ten parameters of the light take their part from the bright voxels, not from all.
  const double bright = share * share / share_squares;
  const double freedom = bright / std::max(0.25 * bright, bright - 10.0);
  return std::max(0.0, freedom * excess / signal);
}

}  // namespace qc_metrics
