#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "monitor/acquisition/image.h"

namespace monitor::acquisition {

/// What a dialect of TIFF says about its pages: which page holds plane (z, c, t), and metadata.
struct PlanePlan {
  std::string format;
  Axes axes;
  std::vector<std::size_t> page_of_plane;  ///< as Image::planes: (t * size_c + c) * size_z + z
  std::vector<std::size_t> file_of_plane;  ///< of a set; empty: all in the one file
  bool one_directory = false;  ///< all planes lie in a row behind the first page's pixels
  long long width_px = -1;     ///< as the metadata state it; -1: not
  long long height_px = -1;
  Metadata metadata;
  std::optional<std::string> acquired_at;
  std::vector<ReaderNote> notes;
};

}  // namespace monitor::acquisition
