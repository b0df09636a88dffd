#pragma once

#include "monitor/acquisition/image.h"
#include "monitor/acquisition/image_source.h"

namespace monitor::acquisition {

/// Reads one scene of a Zeiss CZI file.
///
/// Method   a plane of one uncompressed, aligned tile is mapped; others are put together from their
///          tiles in scratch memory, tiles of a higher mosaic index over those of a lower one, as
///          the maker's software shows them. Sub-resolutions are left out.
/// Errors   ReadError: kSceneNeeded for several scenes of which none is named; unsupported for
///          dimensions beyond x, y, z, c, t (phase, view, ...), colour, JPEG XR and mosaics with
///          gaps; unreadable for what is broken.
[[nodiscard]] Image ReadCziImage(const ImageSource& source);

}  // namespace monitor::acquisition
