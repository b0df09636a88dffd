#pragma once

#include <cstdint>

#include "monitor/acquisition/image.h"

namespace monitor::acquisition {

/// Reads a TIFF of any dialect: OME-TIFF, ImageJ, Zeiss LSM, plain.
///
/// Input    `fd` is open for reading on a regular file of `file_bytes`; it stays the caller's.
/// Method   native pages are mapped where values are aligned; all others are decoded plane by
///          plane into scratch memory. Signed 8 and 16-bit values and unsigned 32-bit ones become
///          CV_32S, 64-bit floats CV_32F; palette and inverted tables are ignored (raw indices).
/// Errors   ReadError.
[[nodiscard]] Image ReadTiffImage(int fd, std::uint64_t file_bytes);

}  // namespace monitor::acquisition
