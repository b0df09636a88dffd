#pragma once

#include <cstddef>
#include <pugixml.hpp>

#include "monitor/acquisition/plane_plan.h"

namespace monitor::acquisition {

/// Fills axes and page_of_plane from the Pixels element and its TiffData.
/// Errors  ReadError: counts beyond the pages, planes nobody stored, planes of another file.
void ReadOmePlanes(const pugi::xml_node& ome, const pugi::xml_node& pixels, std::size_t pages,
                   PlanePlan& plan);

}  // namespace monitor::acquisition
