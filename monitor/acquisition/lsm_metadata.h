#pragma once

#include <cstddef>

#include "monitor/acquisition/image_source.h"
#include "monitor/acquisition/plane_plan.h"
#include "monitor/acquisition/tiff_file.h"

namespace monitor::acquisition {

/// Reads what tag 34412 of a Zeiss LSM file states: dimensions and their order, voxel size, names
/// of channels, and of the recording: objective, zoom, laser lines, pinholes, bits, date. A tag of
/// an older kind (before LSM 510) leaves the planes one after the other and states nothing.
/// `planes` is their number: one a page and channel, channels fastest, then z, then time, then
/// positions, of which the scene picks one.
/// Errors  ReadError: dimensions that do not make up the planes, line scans, sections.
/// Source  Carl Zeiss, LSM 5 / 7 image file format description, as read by others (tifffile,
///         Bio-Formats); field numbers recalled from there.
[[nodiscard]] PlanePlan ReadLsm(const TiffWords& words, const ImageSource& source,
                                std::size_t planes);

}  // namespace monitor::acquisition
