#pragma once

#include <cstdint>

namespace monitor::acquisition {

/// How a file stores one value of a pixel.
enum class SampleType { kUint8, kInt8, kUint16, kInt16, kUint32, kInt32, kFloat32, kFloat64 };

[[nodiscard]] constexpr std::uint64_t BytesOf(SampleType type) {
  switch (type) {
    case SampleType::kUint8:
    case SampleType::kInt8:
      return 1;
    case SampleType::kUint16:
    case SampleType::kInt16:
      return 2;
    case SampleType::kUint32:
    case SampleType::kInt32:
    case SampleType::kFloat32:
      return 4;
    case SampleType::kFloat64:
      return 8;
  }
  return 8;
}

[[nodiscard]] constexpr bool IsInteger(SampleType type) {
  return type != SampleType::kFloat32 && type != SampleType::kFloat64;
}

}  // namespace monitor::acquisition
