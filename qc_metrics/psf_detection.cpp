#include "qc_metrics/psf_detection.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace qc_metrics {
namespace {

constexpr double kThresholdSds = 12.0;
constexpr double kSkirtFraction = 0.3;
constexpr double kHotNeighbours = 0.2;  // a bead of FWHM 1.5 px shows .36 in its four neighbours
constexpr std::size_t kMaxCandidates = 5000;
constexpr double kMadToSd = 1.4826;

float MedianOf(std::vector<float>& values) {
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
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

/// Pixels of one axis between the centres of blocks; beyond the outer ones they count as there.
struct Between {
  std::vector<int> starts;  ///< first pixel at or behind the centre of each block, 0 for the first
  std::vector<float> shares;  ///< of the next block, for each pixel

  Between(int blocks, int pixels) : starts(1, 0), shares(static_cast<std::size_t>(pixels)) {
    for (int i = 0; i < pixels; ++i) {
      const double at = std::clamp((i + 0.5) * blocks / pixels - 0.5, 0.0, blocks - 1.0);
      while (std::ssize(starts) <= static_cast<int>(at)) starts.push_back(i);
      shares[static_cast<std::size_t>(i)] = static_cast<float>(at - static_cast<int>(at));
    }
  }
  [[nodiscard]] int EndOf(std::size_t block) const {
    return block + 1 < starts.size() ? starts[block + 1] : static_cast<int>(shares.size());
  }
};

/// Subtracts from a row the line through the values at the blocks' centres.
void SubtractLine(const std::vector<float>& line, const Between& across, float* row) {
  for (std::size_t i = 0; i < line.size(); ++i) {
    const float step = line[std::min(i + 1, line.size() - 1)] - line[i];
    const int end = across.EndOf(i);
    for (int x = across.starts[i]; x < end; ++x) {
      row[x] -= line[i] + across.shares[static_cast<std::size_t>(x)] * step;
    }
  }
}

/// Subtracts a surface through the medians of blocks, which a few beads do not move.
void SubtractLocalMedian(cv::Mat& image, double width_px) {
  const int block = std::max(64, static_cast<int>(16.0 * width_px));
  const int nx = std::max(1, image.cols / block);
  const int ny = std::max(1, image.rows / block);
  cv::Mat medians(ny, nx, CV_32F);
  for (int j = 0; j < ny; ++j) {
    for (int i = 0; i < nx; ++i) {
      const cv::Point from(i * image.cols / nx, j * image.rows / ny);
      const cv::Point to((i + 1) * image.cols / nx, (j + 1) * image.rows / ny);
      auto values = Sample(image, cv::Rect(from, to), 1024);
      medians.at<float>(j, i) = MedianOf(values);
    }
  }
  const Between across(nx, image.cols);
  const Between down(ny, image.rows);
  std::vector<float> line(static_cast<std::size_t>(nx));
  for (int j = 0; j < ny; ++j) {
    const float* upper = medians.ptr<float>(j);
    const float* lower = medians.ptr<float>(std::min(j + 1, ny - 1));
    for (int y = down.starts[static_cast<std::size_t>(j)];
         y < down.EndOf(static_cast<std::size_t>(j)); ++y) {
      const float share = down.shares[static_cast<std::size_t>(y)];
      for (std::size_t i = 0; i < line.size(); ++i) {
        line[i] = upper[i] + share * (lower[i] - upper[i]);
      }
      SubtractLine(line, across, image.ptr<float>(y));
    }
  }
}

double RobustSd(const cv::Mat& image) {
  auto values = Sample(image, cv::Rect(0, 0, image.cols, image.rows), 16384);
  const float median = MedianOf(values);
  for (float& value : values) {
    value = std::abs(value - median);
  }
  return kMadToSd * static_cast<double>(MedianOf(values));
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

/// Local maxima of the smoothed projection that stand out, as (height, place).
std::vector<std::pair<float, cv::Point>> LocalMaxima(const cv::Mat& smooth, double sd,
                                                     double width_px) {
  double highest = 0.0;
  cv::minMaxLoc(smooth, nullptr, &highest);
  const double threshold = sd > 0.0 ? kThresholdSds * sd : 0.02 * highest;
  const int radius = 1 + static_cast<int>(std::ceil(0.5 * width_px));
  std::vector<std::pair<float, cv::Point>> maxima;
  for (int y = 0; y < smooth.rows; ++y) {
    const float* value = smooth.ptr<float>(y);
    for (int x = 0; x < smooth.cols; ++x) {
      if (!(static_cast<double>(value[x]) > threshold) || !IsHighest(smooth, x, y, 1) ||
          !IsHighest(smooth, x, y, radius)) {
        continue;
      }
      const double around = RingMedian(smooth, x, y, 2.5 * width_px);
      const double above = static_cast<double>(value[x]) - around;
      if (above > threshold && above > kSkirtFraction * around) {
        maxima.emplace_back(value[x], cv::Point(x, y));
      }
    }
  }
  return maxima;
}

/// Values and half squared neighbour differences of voxels away from beads.
struct BackgroundSample {
  std::vector<float> levels;
  std::vector<double> squares;
};

/// Short runs of voxels on a coarse grid, where the smoothed projection stays below `limit`.
BackgroundSample SampleBackground(const Stack& stack, const cv::Mat& smooth, double limit) {
  constexpr int kRun = 16;
  constexpr int kRuns = 1500;
  BackgroundSample out;
  std::array<float, kRun> run{};
  const int length = std::min(kRun, smooth.cols);
  for (int i = 0; i < kRuns; ++i) {  // golden-ratio steps cover the volume evenly
    const auto along = [i](double ratio, int size) {
      return static_cast<int>(std::fmod(0.5 + i * ratio, 1.0) * size);
    };
    const int x = along(0.8191725134, smooth.cols - length + 1);
    const int y = along(0.6710436067, smooth.rows);
    const int z = along(0.5497004779, static_cast<int>(stack.planes.size()));
    const float* row = smooth.ptr<float>(y) + x;
    if (static_cast<double>(*std::max_element(row, row + length)) > limit) {
      continue;
    }
    ReadRow(stack, x, y, z, length, run.data());
    out.levels.insert(out.levels.end(), run.begin(), run.begin() + length);
    for (std::size_t k = 1; k < static_cast<std::size_t>(length); k += 2) {
      const double d = static_cast<double>(run[k]) - static_cast<double>(run[k - 1]);
      out.squares.push_back(0.5 * d * d);
    }
  }
  return out;
}

/// The stack's level and noise away from beads.
Background MeasureBackground(const Stack& stack, const cv::Mat& smooth, double smooth_sd) {
  BackgroundSample sample = SampleBackground(stack, smooth, 4.0 * smooth_sd);
  if (sample.levels.size() < 256) {  // beads everywhere: the whole volume is all there is
    sample = SampleBackground(stack, smooth, 1e30);
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
Candidate Describe(const Stack& stack, const Projection& projection, const cv::Point& place,
                   double width_px, double background, double reach_px) {
  const int radius = std::max(1, static_cast<int>(0.35 * width_px));
  Candidate out;
  float top = -1e30F;
  for (int y = std::max(0, place.y - radius);
       y <= std::min(projection.maximum.rows - 1, place.y + radius); ++y) {
    for (int x = std::max(0, place.x - radius);
         x <= std::min(projection.maximum.cols - 1, place.x + radius); ++x) {
      if (projection.maximum.at<float>(y, x) > top) {
        top = projection.maximum.at<float>(y, x);
        out.voxel = {x, y, projection.slice.at<std::uint16_t>(y, x)};
      }
    }
  }
  out.height_adu = static_cast<double>(top) - background;
  const auto& v = out.voxel;
  double sum = 0.0;
  int count = 0;
  for (const auto& [dx, dy] : {std::pair{1, 0}, {-1, 0}, {0, 1}, {0, -1}}) {
    const int x = v[0] + dx;
    const int y = v[1] + dy;
    if (x >= 0 && y >= 0 && x < projection.maximum.cols && y < projection.maximum.rows) {
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

Detection DetectBeads(const Stack& stack, const Projection& projection,
                      const PsfSettings& settings) {
  const double width_px = ExpectedWidthPx(settings);
  const double sigma = std::max(0.8, 0.3 * width_px);
  cv::Mat smooth;
  cv::GaussianBlur(projection.maximum, smooth, cv::Size(), sigma, sigma, cv::BORDER_REPLICATE);
  SubtractLocalMedian(smooth, width_px);
  const double sd = RobustSd(smooth);
  auto maxima = LocalMaxima(smooth, sd, width_px);
  std::stable_sort(maxima.begin(), maxima.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  Detection out;
  if (maxima.size() > kMaxCandidates) {
    out.left_out = static_cast<int>(maxima.size() - kMaxCandidates);
    maxima.resize(kMaxCandidates);
  }
  out.background = MeasureBackground(stack, smooth, sd);
  const double reach = std::clamp(0.2 * std::min(smooth.cols, smooth.rows), 4.0, 96.0);
  for (const auto& [height, place] : maxima) {
    out.candidates.push_back(
        Describe(stack, projection, place, width_px, out.background.level_adu, reach));
  }
  MergeInsideBeads(out.candidates);
  return out;
}

}  // namespace qc_metrics
