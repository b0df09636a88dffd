#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "monitor/acquisition/sample_type.h"

namespace monitor::acquisition {

/// Whether a plane can be used as it is stored (8 and 16-bit unsigned, 32-bit signed, float).
[[nodiscard]] bool IsPlaneType(SampleType type);

/// The OpenCV type of a plane of stored `type` after conversion, and the bytes of one value.
[[nodiscard]] int PlaneType(SampleType type);
[[nodiscard]] std::uint64_t PlaneSampleBytes(SampleType type);

/// Writes the values in `stored` (this machine's byte order) as PlaneType(type) into `out`.
/// Errors  ReadError for a 32-bit unsigned value above 2147483647, which no plane type holds.
void ConvertSamples(SampleType type, std::span<const std::byte> stored, std::byte* out);

/// Reverses the bytes of each value in place.
void SwapBytes(std::uint64_t sample_bytes, std::span<std::byte> values);

}  // namespace monitor::acquisition
