#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "monitor/acquisition/czi_file.h"
#include "monitor/acquisition/sample_type.h"

namespace monitor::acquisition {

/// How a tile stores its values.
/// Errors  ReadError unsupported: colour, complex numbers, and others that are not intensities.
[[nodiscard]] SampleType CziSampleType(const CziTile& tile);

/// Whether the values lie in the file as they are.
[[nodiscard]] bool IsUncompressed(const CziTile& tile);

/// Unpacks the `stored` bytes of `tile` into `values` of the tile's size.
/// Method  uncompressed; Zstandard (5); Zstandard with a header (6), which may say that the low
///         bytes of all 16-bit values come first and the high ones after them.
/// Errors  ReadError: another compression (unsupported), or bytes that do not unpack to the size.
void UnpackCziTile(const CziTile& tile, std::span<const std::byte> stored,
                   std::vector<std::byte>& values);

}  // namespace monitor::acquisition
