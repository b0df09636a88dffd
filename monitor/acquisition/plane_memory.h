#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "monitor/acquisition/image.h"
#include "monitor/acquisition/sample_type.h"

namespace monitor::acquisition {

/// Size and kind of all planes of one image, as stored.
struct PlaneShape {
  std::uint32_t width_px = 0;
  std::uint32_t height_px = 0;
  SampleType type = SampleType::kUint8;

  [[nodiscard]] std::uint64_t StoredBytes() const {
    return std::uint64_t{width_px} * height_px * BytesOf(type);
  }
  bool operator==(const PlaneShape&) const = default;
};

/// Errors  ReadError: sides of 0 or beyond the limits.
void CheckShape(const PlaneShape& shape);

/// Sets size and kind of `image` and gives it `planes` empty places.
void SetShape(const PlaneShape& shape, std::size_t planes, Image& image);

/// Whether a plane whose values lie in a row from `first_byte` of a mapped file can be used there.
[[nodiscard]] bool CanBeMapped(const PlaneShape& shape, std::uint64_t first_byte);

/// A header over stored values that CanBeMapped().
[[nodiscard]] cv::Mat MappedPlane(const PlaneShape& shape, std::byte* values);

/// Scratch memory for decoded planes, handed out one by one; pages of finished planes are given
/// back to the kernel, so that only the plane in work is resident.
class DecodedPlanes {
 public:
  /// Errors  ReadError: more than the limit, or no room on the disk.
  DecodedPlanes(const PlaneShape& shape, std::size_t planes, Image& image);

  /// Converts `stored` (StoredBytes() of this machine's order) into the next plane.
  [[nodiscard]] cv::Mat Add(std::span<const std::byte> stored);

 private:
  PlaneShape shape_;
  std::shared_ptr<const MappedMemory> memory_;
  std::uint64_t plane_bytes_;
  std::uint64_t done_bytes_ = 0;
};

}  // namespace monitor::acquisition
