#pragma once

#include <cstdint>

#include "monitor/acquisition/image.h"

namespace monitor::acquisition {

/// Reads an image file, told by its first bytes and not by its name.
///
/// `fd` is open for reading on a regular file of `file_bytes` and stays the caller's.
/// Errors  ReadError; it names what the bytes are where that is known ("a PDF document").
[[nodiscard]] Image ReadImage(int fd, std::uint64_t file_bytes);

}  // namespace monitor::acquisition
