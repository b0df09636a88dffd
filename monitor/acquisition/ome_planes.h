#pragma once

#include <pugixml.hpp>

#include "monitor/acquisition/ome_files.h"
#include "monitor/acquisition/plane_plan.h"

namespace monitor::acquisition {

/// Fills axes, page_of_plane and file_of_plane from the Pixels element and its TiffData.
/// Errors  ReadError: counts beyond the pages, planes nobody stored, files that are not there.
void ReadOmePlanes(const pugi::xml_node& pixels, OmeFiles& files, PlanePlan& plan);

}  // namespace monitor::acquisition
