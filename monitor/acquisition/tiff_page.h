#pragma once

#include <cstdint>
#include <vector>

#include "monitor/acquisition/tiff_file.h"

struct tiff;

namespace monitor::acquisition {

/// The planes of the directory that libtiff stands on, checked: dimensions, pixel type, codec, and
/// that every strip or tile lies inside a file of `file_bytes`. One plane, but for `lsm`, whose
/// pages may hold one for each channel.
/// Errors  ReadError: unsupported for colour and other kinds of value, unreadable for the rest.
[[nodiscard]] std::vector<TiffPage> ReadPage(struct tiff* tiff, std::uint64_t file_bytes, bool lsm);

/// The words of the directory that libtiff stands on.
[[nodiscard]] TiffWords ReadWords(struct tiff* tiff);

}  // namespace monitor::acquisition
