#include "qc_metrics/psf_detection.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "qc_metrics/psf_smoothed.h"

namespace qc_metrics {
namespace {

constexpr double kThresholdSds = 12.0;
constexpr double kNoiselessThreshold = 0.02;  // of the highest value, where there is no noise
constexpr double kSkirtFraction = 0.3;
constexpr double kHotNeighbours = 0.2;  // a bead of FWHM 1.5 px shows .36 in its four neighbours
constexpr std::size_t kMaxCandidates = 5000;

float MedianOf(std::vector<float>& values) {
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double ExpectedWidthPx(const PsfSettings& settings) {
  double width_um = 0.25;
  const auto& optics = settings.optics;
  const auto lambda = optics.emission_nm ? optics.emission_nm : optics.excitation_nm;
  if (lambda && optics.numerical_aperture && *optics.numerical_aperture > 0.0) {
    width_um = 0.51e-3 * *lambda / *optics.numerical_aperture;
  }
  const double pixel = std::min(settings.pixel_size_x_um, settings.pixel_size_y_um);
  return std::clamp(width_um / pixel, 2.0, 24.0);
}

/// Median of the image on a circle around (x, y); the part that lies inside.
double RingMedian(const cv::Mat& image, int x, int y, double radius) {
  std::vector<float> values;
  for (int i = 0; i < 24; ++i) {
    const double angle = 2.0 * CV_PI * i / 24.0;
    const int rx = x + cvRound(radius * std::cos(angle));
    const int ry = y + cvRound(radius * std::sin(angle));
    if (rx >= 0 && ry >= 0 && rx < image.cols && ry < image.rows) {
      values.push_back(image.at<float>(ry, rx));
    }
  }
  return values.empty() ? 0.0 : static_cast<double>(MedianOf(values));
}

/// Whether no pixel of the square about (x, y) is higher.
bool IsHighest(const cv::Mat& image, int x, int y, int radius) {
  const float here = image.at<float>(y, x);
  const int first = std::max(0, x - radius);
  const int last = std::min(image.cols - 1, x + radius);
  for (int row = std::max(0, y - radius); row <= std::min(image.rows - 1, y + radius); ++row) {
    const float* value = image.ptr<float>(row);
    if (std::any_of(value + first, value + last + 1, [&](float v) { return v > here; })) {
      return false;
    }
  }
  return true;
}

/// What stands out of the smoothed projection.
struct Maxima {
  double threshold = 0.0;
  double width_px = 0.0;
  std::vector<std::pair<float, cv::Point>> found;  ///< height and place

  [[nodiscard]] int Radius() const { return 1 + static_cast<int>(std::ceil(0.5 * width_px)); }
  [[nodiscard]] double RingRadius() const { return 2.5 * width_px; }
  /// Rows that are looked at above and below a pixel.
  [[nodiscard]] int Reach() const { return std::max(Radius(), cvRound(RingRadius())); }

  void Add(const SmoothedMaximum::Strip& strip) {
    const cv::Mat& smooth = strip.values;
    for (int y = strip.own.start - strip.first_row; y < strip.own.end - strip.first_row; ++y) {
      const float* value = smooth.ptr<float>(y);
      for (int x = 0; x < smooth.cols; ++x) {
        if (!(static_cast<double>(value[x]) > threshold) || !IsHighest(smooth, x, y, 1) ||
            !IsHighest(smooth, x, y, Radius())) {
          continue;
        }
        const double around = RingMedian(smooth, x, y, RingRadius());
        const double above = static_cast<double>(value[x]) - around;
        if (above > threshold && above > kSkirtFraction * around) {
          found.emplace_back(value[x], cv::Point(x, y + strip.first_row));
        }
      }
    }
  }
};

double Highest(const SmoothedMaximum& smooth) {
  double highest = -std::numeric_limits<double>::infinity();
  smooth.ForEachStrip(0, [&](const SmoothedMaximum::Strip& strip) {
    double here = 0.0;
    cv::minMaxLoc(strip.values, nullptr, &here);
    highest = std::max(highest, here);
  });
  return highest;
}

constexpr int kRunVoxels = 16;

/// Short runs of voxels on a coarse grid, and how bright the smoothed projection is there.
struct BackgroundRuns {
  struct Run {
    int x = 0, y = 0, z = 0;
    float highest = 0.0F;
  };
  std::vector<Run> runs;
  int length = 0;

  BackgroundRuns(cv::Size size, std::size_t planes) : length(std::min(kRunVoxels, size.width)) {
    constexpr int kRuns = 1500;
    for (int i = 0; i < kRuns; ++i) {  // golden-ratio steps cover the volume evenly
      const auto along = [i](double ratio, int n) {
        return static_cast<int>(std::fmod(0.5 + i * ratio, 1.0) * n);
      };
      runs.push_back({along(0.8191725134, size.width - length + 1),
                      along(0.6710436067, size.height),
                      along(0.5497004779, static_cast<int>(planes))});
    }
  }

  void Look(const SmoothedMaximum::Strip& strip) {
    for (Run& run : runs) {
      if (run.y < strip.own.start || run.y >= strip.own.end) continue;
      const float* row = strip.values.ptr<float>(run.y - strip.first_row) + run.x;
      run.highest = *std::max_element(row, row + length);
    }
  }
};

/// Values and half squared neighbour differences of voxels away from beads.
struct BackgroundSample {
  std::vector<float> levels;
  std::vector<double> squares;
};

/// Of the runs where the smoothed projection stays below `limit`.
BackgroundSample SampleBackground(const Stack& stack, const BackgroundRuns& where, double limit) {
  BackgroundSample out;
  std::array<float, kRunVoxels> values{};
  for (const BackgroundRuns::Run& run : where.runs) {
    if (static_cast<double>(run.highest) > limit) continue;
    ReadRow(stack, run.x, run.y, run.z, where.length, values.data());
    out.levels.insert(out.levels.end(), values.begin(), values.begin() + where.length);
    for (std::size_t k = 1; k < static_cast<std::size_t>(where.length); k += 2) {
      const double d = static_cast<double>(values[k]) - static_cast<double>(values[k - 1]);
      out.squares.push_back(0.5 * d * d);
    }
  }
  return out;
}

/// The stack's level and noise away from beads.
Background MeasureBackground(const Stack& stack, const BackgroundRuns& runs, double smooth_sd) {
  BackgroundSample sample = SampleBackground(stack, runs, 4.0 * smooth_sd);
  if (sample.levels.size() < 256) {  // beads everywhere: the whole volume is all there is
    sample = SampleBackground(stack, runs, 1e30);
  }
  Background out;
  out.level_adu = static_cast<double>(MedianOf(sample.levels));
  double limit = 1e300;
  for (int round = 0; round < 4; ++round) {  // hot pixels are clipped
    double sum = 0.0;
    double count = 0.0;
    for (const double s : sample.squares) {
      sum += s < limit ? s : 0.0;
      count += s < limit ? 1.0 : 0.0;
    }
    out.sd_adu = count > 0.0 ? std::sqrt(sum / count) : 0.0;
    limit = 20.0 * out.sd_adu * out.sd_adu + 1e-12;
  }
  return out;
}

/// Mean of the 3 x 3 neighbouring lines along `axis`, at `at`.
double LineMean(const Stack& stack, std::array<int, 3> at, std::size_t axis) {
  const std::array<int, 3> size = {stack.planes[0].cols, stack.planes[0].rows,
                                   static_cast<int>(stack.planes.size())};
  const std::size_t u = (axis + 1) % 3;
  const std::size_t v = (axis + 2) % 3;
  double sum = 0.0;
  int count = 0;
  for (int j = -1; j <= 1; ++j) {
    for (int i = -1; i <= 1; ++i) {
      std::array<int, 3> voxel = at;
      voxel[u] += i;
      voxel[v] += j;
      if (voxel[u] >= 0 && voxel[u] < size[u] && voxel[v] >= 0 && voxel[v] < size[v]) {
        sum += static_cast<double>(VoxelAt(stack, voxel[0], voxel[1], voxel[2]));
        ++count;
      }
    }
  }
  return sum / count;
}

/// Distance from the peak at which the line falls to half, walking by `step`; 0: it does not.
double HalfDistance(const Stack& stack, std::array<int, 3> voxel, std::size_t axis, int step,
                    double half, double peak, double reach_px) {
  const std::array<int, 3> size = {stack.planes[0].cols, stack.planes[0].rows,
                                   static_cast<int>(stack.planes.size())};
  double before = peak;
  for (int i = 1; i <= static_cast<int>(reach_px); ++i) {
    voxel[axis] += step;
    if (voxel[axis] < 0 || voxel[axis] >= size[axis]) {
      return 0.0;
    }
    const double value = LineMean(stack, voxel, axis);
    if (value <= half) {
      return i - 1 + (before - half) / std::max(before - value, 1e-12);
    }
    before = value;
  }
  return 0.0;
}

/// Moves to the brightest voxel near the smoothed maximum and says what stands there.
Candidate Describe(const Stack& stack, const cv::Mat& maximum, const cv::Point& place,
                   double width_px, double background, double reach_px) {
  const int radius = std::max(1, static_cast<int>(0.35 * width_px));
  Candidate out;
  const int first = std::max(0, place.x - radius);
  std::vector<float> row(
      static_cast<std::size_t>(std::min(maximum.cols - 1, place.x + radius) - first + 1));
  float top = -1e30F;
  for (int y = std::max(0, place.y - radius); y <= std::min(maximum.rows - 1, place.y + radius);
       ++y) {
    ReadRow(maximum, first, y, static_cast<int>(row.size()), row.data());
    const auto highest = std::max_element(row.begin(), row.end());
    if (*highest > top) {
      top = *highest;
      out.voxel = {first + static_cast<int>(highest - row.begin()), y, 0};
    }
  }
  out.voxel[2] = SliceOfMaximum(stack, maximum, out.voxel[0], out.voxel[1]);
  out.height_adu = static_cast<double>(top) - background;
  const auto& v = out.voxel;
  double sum = 0.0;
  int count = 0;
  for (const auto& [dx, dy] : {std::pair{1, 0}, {-1, 0}, {0, 1}, {0, -1}}) {
    const int x = v[0] + dx;
    const int y = v[1] + dy;
    if (x >= 0 && y >= 0 && x < maximum.cols && y < maximum.rows) {
      sum += static_cast<double>(VoxelAt(stack, x, y, v[2])) - background;
      ++count;
    }
  }
  out.hot_pixel = sum < kHotNeighbours * count * out.height_adu;
  if (!out.hot_pixel) {
    out.half_width_px = HalfWidths(stack, v, background, reach_px);
  }
  return out;
}

/// Drops weaker maxima inside a brighter bead: closer than 0.6 of its smaller full
/// width they are noise. (A pair widens one of the two widths only.)
void MergeInsideBeads(std::vector<Candidate>& candidates) {
  std::vector<Candidate> kept;
  for (const Candidate& one : candidates) {
    const bool inside = !one.hot_pixel && std::any_of(kept.begin(), kept.end(), [&](const auto& o) {
      const double reach = 1.2 * std::min(o.half_width_px[0], o.half_width_px[1]);
      return !o.hot_pixel && o.half_width_px[0] > 0.0 && o.half_width_px[1] > 0.0 &&
             std::hypot(one.voxel[0] - o.voxel[0], one.voxel[1] - o.voxel[1]) < reach;
    });
    if (!inside) {
      kept.push_back(one);
    }
  }
  candidates = std::move(kept);
}

}  // namespace

std::array<double, 3> HalfWidths(const Stack& stack, const std::array<int, 3>& voxel,
                                 double background_adu, double reach_px) {
  std::array<double, 3> widths{};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const double peak = LineMean(stack, voxel, axis);
    const double half = 0.5 * (peak + background_adu);
    const double reach = axis == 2 ? static_cast<double>(stack.planes.size()) : reach_px;
    const double low = HalfDistance(stack, voxel, axis, -1, half, peak, reach);
    const double high = HalfDistance(stack, voxel, axis, 1, half, peak, reach);
    // One side is enough for a start: a bead near an end, or a neighbour that fills the other.
    widths[axis] = low > 0.0 && high > 0.0 ? 0.5 * (low + high) : std::max(low, high);
  }
  return widths;
}

Detection DetectBeads(const Stack& stack, const cv::Mat& maximum, const PsfSettings& settings) {
  const double width_px = ExpectedWidthPx(settings);
  const SmoothedMaximum smooth(maximum, width_px);
  Maxima maxima{.threshold = smooth.sd() > 0.0 ? kThresholdSds * smooth.sd()
                                               : kNoiselessThreshold * Highest(smooth),
                .width_px = width_px,
                .found = {}};
  BackgroundRuns runs(maximum.size(), stack.planes.size());
  smooth.ForEachStrip(maxima.Reach(), [&](const SmoothedMaximum::Strip& strip) {
    maxima.Add(strip);
    runs.Look(strip);
  });
  auto& found = maxima.found;
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  Detection out;
  if (found.size() > kMaxCandidates) {
    out.left_out = static_cast<int>(found.size() - kMaxCandidates);
    found.resize(kMaxCandidates);
  }
  out.background = MeasureBackground(stack, runs, smooth.sd());
  const double reach = std::clamp(0.2 * std::min(maximum.cols, maximum.rows), 4.0, 96.0);
  for (const auto& [height, place] : found) {
    out.candidates.push_back(
        Describe(stack, maximum, place, width_px, out.background.level_adu, reach));
  }
  MergeInsideBeads(out.candidates);
  return out;
}

}  // namespace qc_metrics
