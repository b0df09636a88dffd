#include "qc_metrics/psf_projection.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <type_traits>
#include <vector>

#include "qc_metrics/psf_lanes.h"

namespace qc_metrics {
namespace {

constexpr int kMaxSide = 32767;
constexpr std::size_t kMaxPlanes = 65535;
constexpr int kMinSide = 8;
constexpr std::size_t kMinPlanes = 5;
constexpr int kStripeBytes = 1 << 16;  // a stripe's accumulators stay in the second-level cache

/// Calls `visit` with a null pointer of the planes' element type.
template <typename Visitor>
decltype(auto) WithType(int type, Visitor&& visit) {
  switch (type) {
    case CV_8U:
      return visit(static_cast<const std::uint8_t*>(nullptr));
    case CV_16U:
      return visit(static_cast<const std::uint16_t*>(nullptr));
    case CV_32S:
      return visit(static_cast<const std::int32_t*>(nullptr));
    default:
      return visit(static_cast<const float*>(nullptr));
  }
}

template <typename T>
using Element = std::remove_const_t<std::remove_pointer_t<T>>;

/// Running maximum of `count` values; written without branches so that it vectorises.
template <typename T>
ETALON_INLINE void Raise(const T* __restrict values, int count, T* __restrict maximum) {
  for (int i = 0; i < count; ++i) maximum[i] = values[i] > maximum[i] ? values[i] : maximum[i];
}

// One function a type: those that are chosen at run time cannot be templates.
ETALON_HOT void RaiseMaximum(const std::uint8_t* values, int count, std::uint8_t* maximum) {
  Raise(values, count, maximum);
}
ETALON_HOT void RaiseMaximum(const std::uint16_t* values, int count, std::uint16_t* maximum) {
  Raise(values, count, maximum);
}
ETALON_HOT void RaiseMaximum(const std::int32_t* values, int count, std::int32_t* maximum) {
  Raise(values, count, maximum);
}
ETALON_HOT void RaiseMaximum(const float* values, int count, float* maximum) {
  Raise(values, count, maximum);
}

/// True when every value is finite; integers always are.
template <typename T>
bool AllFinite(const T* values, int count) {
  if constexpr (std::is_same_v<T, float>) {
    std::uint32_t bad = 0;
    for (int i = 0; i < count; ++i) {
      const auto bits = std::bit_cast<std::uint32_t>(values[i]) & 0x7f800000U;
      bad |= static_cast<std::uint32_t>(bits == 0x7f800000U);
    }
    return bad == 0;
  } else {
    static_cast<void>(values);
    static_cast<void>(count);
    return true;
  }
}

/// Projects rows [begin, end) of all planes; false when a value is not finite.
template <typename T>
bool ProjectStripe(const Stack& stack, int begin, int end, cv::Mat& maximum) {
  stack.planes.front().rowRange(begin, end).copyTo(maximum.rowRange(begin, end));
  for (const cv::Mat& plane : stack.planes) {
    for (int y = begin; y < end; ++y) {
      const T* row = plane.ptr<T>(y);
      if (!AllFinite(row, plane.cols)) {
        return false;
      }
      RaiseMaximum(row, plane.cols, maximum.ptr<T>(y));
    }
  }
  return true;
}

std::optional<Fault> CheckShape(const Stack& stack) {
  if (stack.planes.empty() || stack.planes.size() > kMaxPlanes) {
    return Fault::kUnsupportedFormat;
  }
  const cv::Mat& first = stack.planes.front();
  const int type = first.type();
  const bool known = type == CV_8U || type == CV_16U || type == CV_32S || type == CV_32F;
  const bool alike = std::all_of(stack.planes.begin(), stack.planes.end(), [&](const cv::Mat& p) {
    return p.dims == 2 && p.data != nullptr && p.type() == type && p.size() == first.size();
  });
  if (!known || !alike || first.cols > kMaxSide || first.rows > kMaxSide) {
    return Fault::kUnsupportedFormat;
  }
  if (first.cols < kMinSide || first.rows < kMinSide || stack.planes.size() < kMinPlanes) {
    return Fault::kTooSmall;
  }
  return std::nullopt;
}

}  // namespace

Measured<cv::Mat> ProjectMaximum(const Stack& stack) {
  if (const auto fault = CheckShape(stack)) {
    return *fault;
  }
  const cv::Mat& first = stack.planes.front();
  cv::Mat maximum(first.size(), first.type());
  const int row_bytes = first.cols * static_cast<int>(first.elemSize());
  const int stripe = std::max(1, kStripeBytes / row_bytes);
  for (int y = 0; y < first.rows; y += stripe) {
    const bool finite = WithType(first.type(), [&](auto* tag) {
      return ProjectStripe<Element<decltype(tag)>>(stack, y, std::min(first.rows, y + stripe),
                                                   maximum);
    });
    if (!finite) {
      return Fault::kNotFinite;
    }
  }
  return maximum;
}

int SliceOfMaximum(const Stack& stack, const cv::Mat& maximum, int x, int y) {
  return WithType(maximum.type(), [&](auto* tag) {
    using T = Element<decltype(tag)>;
    const auto holds = [&](const cv::Mat& plane) {
      return plane.ptr<T>(y)[x] == maximum.ptr<T>(y)[x];
    };
    return static_cast<int>(std::find_if(stack.planes.begin(), stack.planes.end(), holds) -
                            stack.planes.begin());
  });
}

float VoxelAt(const Stack& stack, int x, int y, int z) {
  float value = 0.0F;
  ReadRow(stack, x, y, z, 1, &value);
  return value;
}

void ReadRow(const Stack& stack, int x, int y, int z, int count, float* out) {
  ReadRow(stack.planes[static_cast<std::size_t>(z)], x, y, count, out);
}

void ReadRow(const cv::Mat& plane, int x, int y, int count, float* out) {
  WithType(plane.type(), [&](auto* tag) {
    const auto* row = plane.ptr<Element<decltype(tag)>>(y) + x;
    for (int i = 0; i < count; ++i) {
      out[i] = static_cast<float>(row[i]);
    }
  });
}

RowSum SumFromOne(const Stack& stack, int x, int y, int z, int count) {
  const cv::Mat& plane = stack.planes[static_cast<std::size_t>(z)];
  return WithType(plane.type(), [&](auto* tag) {
    using T = Element<decltype(tag)>;
    // Sums of 8 and 16 bits fit 32, of which a register holds the most.
    using Total =
        std::conditional_t<std::is_floating_point_v<T>, double,
                           std::conditional_t<sizeof(T) <= 2, std::uint32_t, std::int64_t>>;
    const T* row = plane.ptr<T>(y) + x;
    Total total = 0;
    std::uint32_t above = 0;
    for (int i = 0; i < count; ++i) {
      const bool counts = row[i] >= T{1};
      total += counts ? static_cast<Total>(row[i]) : Total{0};
      above += counts ? 1U : 0U;
    }
    return RowSum{static_cast<double>(total), static_cast<double>(above)};
  });
}

std::int64_t CountAtOrAbove(const Stack& stack, const cv::Mat& maximum, double level) {
  double highest = 0.0;
  cv::minMaxLoc(maximum, nullptr, &highest);
  if (highest < level) return 0;
  std::int64_t count = 0;
  const int planes = static_cast<int>(stack.planes.size());
  std::vector<float> top(static_cast<std::size_t>(maximum.cols));
  for (int y = 0; y < maximum.rows; ++y) {
    ReadRow(maximum, 0, y, maximum.cols, top.data());
    for (int x = 0; x < maximum.cols; ++x) {
      const auto here = static_cast<double>(top[static_cast<std::size_t>(x)]);
      for (int z = 0; here >= level && z < planes; ++z) {
        count += static_cast<double>(VoxelAt(stack, x, y, z)) >= level ? 1 : 0;
      }
    }
  }
  return count;
}

}  // namespace qc_metrics
