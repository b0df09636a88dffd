#pragma once

#include <cstddef>
#include <cstdint>

#include "monitor/acquisition/plane_plan.h"
#include "monitor/acquisition/tiff_file.h"

namespace monitor::acquisition {

/// Whether the first page's description is OME-XML.
[[nodiscard]] bool IsOme(const TiffWords& words);

/// Reads the first Image of OME-XML (2010-06 to 2016-06): dimension order, TiffData, physical
/// sizes with units, channels, objective, exposure, date, significant bits, microscope serial.
/// Document types (and so entities) are refused before anything is expanded.
/// Errors  ReadError when the XML is broken, contradicts the pages, or planes are in other files.
/// Source  www.openmicroscopy.org/Schemas/OME/2016-06.
[[nodiscard]] PlanePlan ReadOme(const TiffWords& words, std::size_t pages, std::uint32_t width_px,
                                std::uint32_t height_px);

}  // namespace monitor::acquisition
