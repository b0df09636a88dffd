#include "monitor/acquisition/czi_pixels.h"

#include <zstd.h>

#include <algorithm>
#include <memory>
#include <string>

#include "monitor/acquisition/read_error.h"

namespace monitor::acquisition {
namespace {

constexpr std::int32_t kUncompressed = 0;
constexpr std::int32_t kJpeg = 1;
constexpr std::int32_t kJpegXr = 4;
constexpr std::int32_t kZstd0 = 5;
constexpr std::int32_t kZstd1 = 6;

[[noreturn]] void RefuseUnpacking() {
  throw ReadError(ReadFault::kUnreadable,
                  "a tile of the CZI does not unpack to the pixels that it states, so the file is "
                  "broken; copy it again from the instrument");
}

[[noreturn]] void RefuseCompression(std::int32_t compression) {
  const std::string how = compression == kJpeg ? "JPEG, with loss"
                          : compression == kJpegXr
                              ? "JPEG XR"
                              : "the method of number " + std::to_string(compression);
  throw ReadError(ReadFault::kUnsupported,
                  "the pixels of the CZI are compressed by " + how +
                      ", which is not read; save it uncompressed or with Zstandard, or name a "
                      "converter with --converter");
}

void UnpackZstd(std::span<const std::byte> packed, std::span<std::byte> values) {
  struct Free {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
  thread_local const std::unique_ptr<ZSTD_DCtx, Free> context(ZSTD_createDCtx());
  const std::size_t got = ZSTD_decompressDCtx(context.get(), values.data(), values.size(),
                                              packed.data(), packed.size());
  if (ZSTD_isError(got) != 0 || got != values.size()) RefuseUnpacking();
}

// Low bytes of all values, then high bytes of all values: back into values.
void Interleave(std::span<const std::byte> apart, std::span<std::byte> values) {
  const std::size_t count = values.size() / 2;
  for (std::size_t i = 0; i < count; ++i) {
    values[2 * i] = apart[i];
    values[2 * i + 1] = apart[count + i];
  }
}

void UnpackZstd1(const CziTile& tile, std::span<const std::byte> stored,
                 std::vector<std::byte>& values) {
  // The header's length, then chunks: the only one there is has number 1 and one byte of flags.
  if (stored.empty()) RefuseUnpacking();
  const auto length = std::to_integer<std::size_t>(stored[0]);
  const bool flags = length == 3 && stored.size() >= 3 && stored[1] == std::byte{1};
  if (length != 1 && !flags) RefuseUnpacking();
  const bool bytes_apart = flags && (stored[2] & std::byte{1}) != std::byte{0};
  if (!bytes_apart) return UnpackZstd(stored.subspan(length), values);
  if (CziSampleType(tile) != SampleType::kUint16) RefuseUnpacking();
  std::vector<std::byte> apart(values.size());
  UnpackZstd(stored.subspan(length), apart);
  Interleave(apart, values);
}

}  // namespace

SampleType CziSampleType(const CziTile& tile) {
  switch (tile.pixel_type) {
    case 0:
      return SampleType::kUint8;
    case 1:
      return SampleType::kUint16;
    case 2:
      return SampleType::kFloat32;
    case 12:
      return SampleType::kInt32;
    case 13:
      return SampleType::kFloat64;
    default:
      break;
  }
  throw ReadError(ReadFault::kUnsupported,
                  "the pixels of the CZI are in colour or complex (pixel type " +
                      std::to_string(tile.pixel_type) +
                      "); save the raw intensities of each channel");
}

bool IsUncompressed(const CziTile& tile) { return tile.compression == kUncompressed; }

void UnpackCziTile(const CziTile& tile, std::span<const std::byte> stored,
                   std::vector<std::byte>& values) {
  const std::uint64_t wanted =
      std::uint64_t{tile.width_px} * tile.height_px * BytesOf(CziSampleType(tile));
  values.resize(static_cast<std::size_t>(wanted));
  switch (tile.compression) {
    case kUncompressed:
      if (stored.size() < values.size()) RefuseUnpacking();
      std::copy_n(stored.begin(), values.size(), values.begin());
      return;
    case kZstd0:
      return UnpackZstd(stored, values);
    case kZstd1:
      return UnpackZstd1(tile, stored, values);
    default:
      RefuseCompression(tile.compression);
  }
}

}  // namespace monitor::acquisition
