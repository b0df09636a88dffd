#include "monitor/acquisition/convert_samples.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <opencv2/core.hpp>

#include "monitor/acquisition/read_error.h"

namespace monitor::acquisition {
namespace {

// Through memcpy: `stored` need not be aligned for its type.
template <typename From, typename To>
void ConvertAll(std::span<const std::byte> stored, std::byte* out) {
  const std::size_t count = stored.size() / sizeof(From);
  for (std::size_t i = 0; i < count; ++i) {
    From value{};
    std::memcpy(&value, stored.data() + i * sizeof(From), sizeof(From));
    const To converted = static_cast<To>(value);
    std::memcpy(out + i * sizeof(To), &converted, sizeof(To));
  }
}

void CheckFitsSigned(std::span<const std::byte> stored) {
  for (std::size_t i = 0; i + sizeof(std::uint32_t) <= stored.size(); i += sizeof(std::uint32_t)) {
    std::uint32_t value = 0;
    std::memcpy(&value, stored.data() + i, sizeof value);
    if (value <= static_cast<std::uint32_t>(std::numeric_limits<std::int32_t>::max())) continue;
    throw ReadError(ReadFault::kUnsupported,
                    "a 32-bit unsigned pixel is above 2147483647; save the image as 32-bit float");
  }
}

}  // namespace

bool IsPlaneType(SampleType type) {
  return type == SampleType::kUint8 || type == SampleType::kUint16 || type == SampleType::kInt32 ||
         type == SampleType::kFloat32;
}

int PlaneType(SampleType type) {
  switch (type) {
    case SampleType::kUint8:
      return CV_8UC1;
    case SampleType::kUint16:
      return CV_16UC1;
    case SampleType::kInt8:
    case SampleType::kInt16:
    case SampleType::kInt32:
    case SampleType::kUint32:
      return CV_32SC1;
    case SampleType::kFloat32:
    case SampleType::kFloat64:
      return CV_32FC1;
  }
  return CV_32FC1;
}

std::uint64_t PlaneSampleBytes(SampleType type) {
  return static_cast<std::uint64_t>(CV_ELEM_SIZE(PlaneType(type)));
}

void ConvertSamples(SampleType type, std::span<const std::byte> stored, std::byte* out) {
  switch (type) {
    case SampleType::kInt8:
      ConvertAll<std::int8_t, std::int32_t>(stored, out);
      return;
    case SampleType::kInt16:
      ConvertAll<std::int16_t, std::int32_t>(stored, out);
      return;
    case SampleType::kFloat64:
      ConvertAll<double, float>(stored, out);
      return;
    case SampleType::kUint32:
      CheckFitsSigned(stored);
      break;
    default:
      break;
  }
  std::copy(stored.begin(), stored.end(), out);
}

void SwapBytes(std::uint64_t sample_bytes, std::span<std::byte> values) {
  for (std::size_t i = 0; i + sample_bytes <= values.size(); i += sample_bytes) {
    std::reverse(values.begin() + static_cast<std::ptrdiff_t>(i),
                 values.begin() + static_cast<std::ptrdiff_t>(i + sample_bytes));
  }
}

}  // namespace monitor::acquisition
