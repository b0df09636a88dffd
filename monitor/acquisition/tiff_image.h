#pragma once

#include "monitor/acquisition/image.h"
#include "monitor/acquisition/image_source.h"

namespace monitor::acquisition {

/// Reads a TIFF of any dialect: OME-TIFF of one or several files, ImageJ, Zeiss LSM, plain.
///
/// Method   native pages are mapped where values are aligned; all others are decoded plane by
///          plane into scratch memory. Signed 8 and 16-bit values and unsigned 32-bit ones become
///          CV_32S, 64-bit floats CV_32F; palette and inverted tables are ignored (raw indices).
///          Thumbnails and sub-resolutions are left out.
/// Errors   ReadError.
[[nodiscard]] Image ReadTiffImage(const ImageSource& source);

/// Reads the image that a companion file (*.companion.ome) describes.
[[nodiscard]] Image ReadOmeCompanion(const ImageSource& source);

/// Whether the bytes of a file begin an OME companion file.
[[nodiscard]] bool IsOmeCompanion(const ImageSource& source);

}  // namespace monitor::acquisition
