#include "monitor/acquisition/plane_memory.h"

#include <string>

#include "monitor/acquisition/convert_samples.h"
#include "monitor/acquisition/limits.h"
#include "monitor/acquisition/read_error.h"

namespace monitor::acquisition {
namespace {

cv::Mat Header(const PlaneShape& shape, std::byte* values) {
  return cv::Mat(static_cast<int>(shape.height_px), static_cast<int>(shape.width_px),
                 PlaneType(shape.type), values);
}

}  // namespace

void CheckShape(const PlaneShape& shape) {
  if (shape.width_px > 0 && shape.height_px > 0 && shape.width_px <= kMaxSidePx &&
      shape.height_px <= kMaxSidePx && shape.StoredBytes() <= kMaxPlaneBytes) {
    return;
  }
  throw ReadError(ReadFault::kUnreadable, "the file claims planes of " +
                                              std::to_string(shape.width_px) + " x " +
                                              std::to_string(shape.height_px) +
                                              " pixels, which is none or more than the limit; "
                                              "export a smaller region");
}

void SetShape(const PlaneShape& shape, std::size_t planes, Image& image) {
  image.container_bits = static_cast<int>(BytesOf(shape.type) * 8);
  image.integer = IsInteger(shape.type);
  image.planes.resize(planes);
}

bool CanBeMapped(const PlaneShape& shape, std::uint64_t first_byte) {
  return IsPlaneType(shape.type) && first_byte % BytesOf(shape.type) == 0;
}

cv::Mat MappedPlane(const PlaneShape& shape, std::byte* values) { return Header(shape, values); }

DecodedPlanes::DecodedPlanes(const PlaneShape& shape, std::size_t planes, Image& image)
    : shape_(shape),
      plane_bytes_(std::uint64_t{shape.width_px} * shape.height_px * PlaneSampleBytes(shape.type)) {
  if (planes > kMaxDecodedBytes / plane_bytes_) {
    throw ReadError(ReadFault::kUnsupported,
                    "the decoded image would take more than " +
                        std::to_string(kMaxDecodedBytes >> 30U) +
                        " GB; measure a shorter series or a smaller region");
  }
  memory_ = MappedMemory::Scratch(plane_bytes_ * planes);
  image.memory.push_back(memory_);
}

cv::Mat DecodedPlanes::Add(std::span<const std::byte> stored) {
  std::byte* out = memory_->bytes().data() + done_bytes_;
  ConvertSamples(shape_.type, stored, out);
  memory_->Release(done_bytes_, plane_bytes_);
  done_bytes_ += plane_bytes_;
  return Header(shape_, out);
}

}  // namespace monitor::acquisition
