#pragma once

#include "monitor/acquisition/image.h"
#include "monitor/acquisition/image_source.h"

namespace monitor::acquisition {

/// Reads one series of a Leica LIF container.
///
/// Method   the planes are x-y; of a series without y they are the x-z sections as recorded, with
///          a note, and pixel_size_y_um is their step along z. Planes whose values lie in a row
///          are mapped; others (interleaved channels, x-z-y order) are gathered into scratch
///          memory. Pixel sizes are the length between the first and the last pixel centre by the
///          number of steps, as the maker shows them.
/// Errors   ReadError: kSceneNeeded for several series of which none is named; unsupported for
///          spectral scans, tiles and rotations.
[[nodiscard]] Image ReadLifImage(const ImageSource& source);

}  // namespace monitor::acquisition
