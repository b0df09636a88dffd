#pragma once

#include <cstddef>

#include "monitor/acquisition/plane_plan.h"
#include "monitor/acquisition/tiff_file.h"

namespace monitor::acquisition {

/// Whether ImageJ or Fiji wrote the file.
[[nodiscard]] bool IsImageJ(const TiffWords& words);

/// Reads ImageJ's key=value lines: order of planes (channel fastest, then z, then time), spacing,
/// unit, frame interval; pixel sizes are the TIFF resolution in that unit. `pages` is the number of
/// full pages; fewer than `images` is allowed for one page only (ImageJ's big TIFF).
/// Errors  ReadError when the counts contradict each other.
/// Source  ij.io.FileSaver, ij.io.TiffDecoder (ImageJ 1.53).
[[nodiscard]] PlanePlan ReadImageJ(const TiffWords& words, std::size_t pages);

}  // namespace monitor::acquisition
