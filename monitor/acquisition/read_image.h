#pragma once

#include "monitor/acquisition/image.h"
#include "monitor/acquisition/image_source.h"

namespace monitor::acquisition {

/// Reads an image file, told by its first bytes and not by its name.
///
/// TIFF in all its dialects, Zeiss CZI, Leica LIF.
/// Errors  ReadError; it names what the bytes are where that is known ("a PDF document").
[[nodiscard]] Image ReadImage(const ImageSource& source);

}  // namespace monitor::acquisition
