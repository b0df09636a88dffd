#include "qc_metrics/pixel_series.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <type_traits>

#include "qc_metrics/wide_kernel.h"

namespace qc_metrics {
namespace {

constexpr int kTilePx = 32768;  // two sums of four bytes and a frame's piece stay in the cache
constexpr int kGroup = 4;       // frames that share one load and store of the sums

/// Sums over a run of pixels fit: 32768 values of 16 bits each.
template <typename T>
using RunSum = std::conditional_t<sizeof(T) <= 2, std::uint32_t, double>;

/// The sums of one run of pixels, at most kTilePx of them.
struct Run {
  const float* first;
  float* s1;
  float* s2;
  int pixels;
};

// Differences are exact for 8 and 16 bits; wider values are subtracted in double.
template <typename T>
inline float Shifted(T value, float first) {
  if constexpr (std::is_same_v<T, std::int32_t>) {
    return static_cast<float>(static_cast<double>(value) - static_cast<double>(first));
  } else {
    return static_cast<float>(value) - first;
  }
}

template <typename T>
inline __attribute__((always_inline)) void FourFrames(const T* const* frame, const Run& run,
                                                      RunSum<T>* total) {
  const T *a = frame[0], *b = frame[1], *c = frame[2], *d = frame[3];
  const float* __restrict first = run.first;
  float* __restrict s1 = run.s1;
  float* __restrict s2 = run.s2;
  RunSum<T> ta = 0, tb = 0, tc = 0, td = 0;
  for (int i = 0; i < run.pixels; ++i) {
    const float ya = Shifted(a[i], first[i]), yb = Shifted(b[i], first[i]);
    const float yc = Shifted(c[i], first[i]), yd = Shifted(d[i], first[i]);
    s1[i] += (ya + yb) + (yc + yd);
    s2[i] += (ya * ya + yb * yb) + (yc * yc + yd * yd);
    ta += static_cast<RunSum<T>>(a[i]);
    tb += static_cast<RunSum<T>>(b[i]);
    tc += static_cast<RunSum<T>>(c[i]);
    td += static_cast<RunSum<T>>(d[i]);
  }
  total[0] = ta;
  total[1] = tb;
  total[2] = tc;
  total[3] = td;
}

template <typename T>
inline __attribute__((always_inline)) void OneFrame(const T* frame, const Run& run,
                                                    RunSum<T>* total) {
  float* __restrict s1 = run.s1;
  float* __restrict s2 = run.s2;
  RunSum<T> sum = 0;
  for (int i = 0; i < run.pixels; ++i) {
    const float y = Shifted(frame[i], run.first[i]);
    s1[i] += y;
    s2[i] += y * y;
    sum += static_cast<RunSum<T>>(frame[i]);
  }
  *total = sum;
}

template <typename T>
inline __attribute__((always_inline)) void Frames(const T* const* frame, int count, const Run& run,
                                                  RunSum<T>* total) {
  if (count == kGroup) return FourFrames(frame, run, total);
  for (int k = 0; k < count; ++k) OneFrame(frame[k], run, total + k);
}

template <typename T>
inline __attribute__((always_inline)) int CountFrom(const T* values, int pixels, T level) {
  int count = 0;
  for (int i = 0; i < pixels; ++i) count += values[i] >= level ? 1 : 0;
  return count;
}

// target_clones does not go with templates: one wide door for each kind of sample.
ETALON_WIDE_KERNEL void AddFrames(const std::uint16_t* const* frame, int count, const Run& run,
                                  std::uint32_t* total) {
  Frames(frame, count, run, total);
}
ETALON_WIDE_KERNEL void AddFrames(const std::uint8_t* const* frame, int count, const Run& run,
                                  std::uint32_t* total) {
  Frames(frame, count, run, total);
}
void AddFrames(const std::int32_t* const* frame, int count, const Run& run, double* total) {
  Frames(frame, count, run, total);
}
void AddFrames(const float* const* frame, int count, const Run& run, double* total) {
  Frames(frame, count, run, total);
}
ETALON_WIDE_KERNEL int CountSaturated(const std::uint16_t* values, int pixels,
                                      std::uint16_t level) {
  return CountFrom(values, pixels, level);
}
ETALON_WIDE_KERNEL int CountSaturated(const std::uint8_t* values, int pixels, std::uint8_t level) {
  return CountFrom(values, pixels, level);
}
int CountSaturated(const std::int32_t* values, int pixels, std::int32_t level) {
  return CountFrom(values, pixels, level);
}
int CountSaturated(const float* values, int pixels, float level) {
  return CountFrom(values, pixels, level);
}

/// The smallest stored value that counts as saturated; absent where the type holds none.
template <typename T>
std::optional<T> LevelOf(const std::optional<double>& saturation_adu) {
  if (!saturation_adu) return std::nullopt;
  if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(*saturation_adu);
  } else {
    const double level = std::ceil(*saturation_adu);
    if (level > static_cast<double>(std::numeric_limits<T>::max())) return std::nullopt;
    return static_cast<T>(std::max(level, static_cast<double>(std::numeric_limits<T>::lowest())));
  }
}

template <typename T>
class Summing {
 public:
  Summing(const Stack& frames, const SeriesOptions& options)
      : frames_(frames), options_(options), level_(LevelOf<T>(options.saturation_adu)) {
    const cv::Size size = frames.planes.front().size();
    out_.frames = static_cast<int>(frames.planes.size());
    out_.mean.create(size, CV_32F);
    if (out_.frames > 1) out_.variance.create(size, CV_32F);
    out_.frame_mean.assign(frames.planes.size(), 0.0);
  }

  PixelSeries Sum() {
    const cv::Size size = out_.mean.size();
    // A wide image is cut into columns, so that a run never overflows its sums.
    const int width = std::min(size.width, kTilePx);
    const int height = std::max(1, kTilePx / width);
    for (int y = 0; y < size.height; y += height) {
      for (int x = 0; x < size.width; x += width) {
        Tile(cv::Rect(x, y, std::min(width, size.width - x), std::min(height, size.height - y)));
      }
    }
    const double pixels = static_cast<double>(size.area());
    for (double& mean : out_.frame_mean) mean /= pixels;
    if (compared_ > 0) {
      out_.difference_variance = difference_sum_ / (2.0 * static_cast<double>(compared_));
    }
    return std::move(out_);
  }

 private:
  void Tile(const cv::Rect& tile) {
    const auto area = static_cast<std::size_t>(tile.area());
    first_.resize(area);
    s1_.assign(area, 0.0F);
    s2_.assign(area, 0.0F);
    for (int row = 0; row < tile.height; ++row) {
      const T* values = Row(0, tile, row);
      std::copy(values, values + tile.width,
                first_.begin() + static_cast<std::ptrdiff_t>(row) * tile.width);
    }
    for (int frame = 0; frame < out_.frames; frame += kGroup) {
      const int count = std::min(kGroup, out_.frames - frame);
      for (int row = 0; row < tile.height; ++row) AddRow(tile, row, frame, count);
    }
    Finish(tile);
  }

  void AddRow(const cv::Rect& tile, int row, int frame, int count) {
    const std::size_t at = static_cast<std::size_t>(row) * static_cast<std::size_t>(tile.width);
    const Run run{&first_[at], &s1_[at], &s2_[at], tile.width};
    std::array<const T*, kGroup> values{};
    std::array<RunSum<T>, kGroup> total{};
    for (int k = 0; k < count; ++k) values[static_cast<std::size_t>(k)] = Row(frame + k, tile, row);
    AddFrames(values.data(), count, run, total.data());
    for (int k = 0; k < count; ++k) {
      const auto index = static_cast<std::size_t>(k);
      out_.frame_mean[static_cast<std::size_t>(frame + k)] += static_cast<double>(total[index]);
      if (level_ && CountSaturated(values[index], tile.width, *level_) > 0) {
        MarkSaturated(values[index], tile, row);
      }
      if (options_.differences && frame + k > 0) AddDifference(frame + k, tile, row);
    }
  }

  void MarkSaturated(const T* values, const cv::Rect& tile, int row) {
    if (out_.saturated.empty()) out_.saturated = cv::Mat::zeros(out_.mean.size(), CV_8U);
    auto* mask = out_.saturated.ptr<std::uint8_t>(tile.y + row) + tile.x;
    for (int x = 0; x < tile.width; ++x) {
      if (values[x] >= *level_) mask[x] = 255;
    }
  }

  void AddDifference(int frame, const cv::Rect& tile, int row) {
    const T* now = Row(frame, tile, row);
    const T* before = Row(frame - 1, tile, row);
    const std::uint8_t* out = options_.left_out.empty()
                                  ? nullptr
                                  : options_.left_out.ptr<std::uint8_t>(tile.y + row) + tile.x;
    double sum = 0.0;
    int pixels = 0;
    for (int x = 0; x < tile.width; ++x) {
      if (out != nullptr && out[x] != 0) continue;
      const double step = static_cast<double>(now[x]) - static_cast<double>(before[x]);
      sum += step * step;
      ++pixels;
    }
    difference_sum_ += sum;
    compared_ += pixels;
  }

  void Finish(const cv::Rect& tile) {
    const double n = out_.frames;
    for (int row = 0; row < tile.height; ++row) {
      const std::size_t at = static_cast<std::size_t>(row) * static_cast<std::size_t>(tile.width);
      float* mean = out_.mean.ptr<float>(tile.y + row) + tile.x;
      float* variance = out_.frames > 1 ? out_.variance.ptr<float>(tile.y + row) + tile.x : nullptr;
      for (int x = 0; x < tile.width; ++x) {
        const std::size_t i = at + static_cast<std::size_t>(x);
        const auto s1 = static_cast<double>(s1_[i]);
        mean[x] = static_cast<float>(static_cast<double>(first_[i]) + s1 / n);
        if (variance == nullptr) continue;
        const double squares = static_cast<double>(s2_[i]) - s1 * s1 / n;
        variance[x] = static_cast<float>(std::max(0.0, squares) / (n - 1.0));
      }
    }
  }

  const T* Row(int frame, const cv::Rect& tile, int row) const {
    return frames_.planes[static_cast<std::size_t>(frame)].ptr<T>(tile.y + row) + tile.x;
  }

  const Stack& frames_;
  const SeriesOptions& options_;
  std::optional<T> level_;
  PixelSeries out_;
  std::vector<float> first_, s1_, s2_;
  double difference_sum_ = 0.0;
  std::int64_t compared_ = 0;
};

bool IsOneSeries(const Stack& frames) {
  if (frames.planes.empty() || frames.planes.front().empty()) return false;
  const cv::Mat& first = frames.planes.front();
  return first.channels() == 1 &&
         std::all_of(frames.planes.begin(), frames.planes.end(), [&first](const cv::Mat& plane) {
           return plane.size() == first.size() && plane.type() == first.type();
         });
}

}  // namespace

Measured<PixelSeries> SumSeries(const Stack& frames, const SeriesOptions& options) {
  if (!IsOneSeries(frames)) return Fault::kUnsupportedFormat;
  switch (frames.planes.front().depth()) {
    case CV_8U:
      return Summing<std::uint8_t>(frames, options).Sum();
    case CV_16U:
      return Summing<std::uint16_t>(frames, options).Sum();
    case CV_32S:
      return Summing<std::int32_t>(frames, options).Sum();
    case CV_32F: {
      PixelSeries series = Summing<float>(frames, options).Sum();
      // A frame's mean holds every value of the frame, so it shows any that is not finite.
      const bool finite = std::all_of(series.frame_mean.begin(), series.frame_mean.end(),
                                      [](double mean) { return std::isfinite(mean); });
      if (!finite) return Fault::kNotFinite;
      return series;
    }
    default:
      return Fault::kUnsupportedFormat;
  }
}

}  // namespace qc_metrics
