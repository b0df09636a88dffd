#pragma once

#include <cstdint>

#include "monitor/acquisition/tiff_file.h"

struct tiff;

namespace monitor::acquisition {

/// The directory that libtiff stands on, checked: dimensions, pixel type, codec, and that every
/// strip or tile lies inside a file of `file_bytes`.
/// Errors  ReadError: unsupported for colour and other kinds of value, unreadable for the rest.
[[nodiscard]] TiffPage ReadPage(struct tiff* tiff, std::uint64_t file_bytes);

/// The words of the directory that libtiff stands on.
[[nodiscard]] TiffWords ReadWords(struct tiff* tiff);

}  // namespace monitor::acquisition
