#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "monitor/acquisition/file_bytes.h"

namespace monitor::acquisition {

/// One subblock of full resolution: a tile of a plane, as the directory states it.
struct CziTile {
  std::uint64_t position = 0;  ///< of its segment
  std::int32_t x = 0;          ///< of its first pixel; any origin
  std::int32_t y = 0;
  std::uint32_t width_px = 0;
  std::uint32_t height_px = 0;
  std::int32_t z = 0;
  std::int32_t c = 0;
  std::int32_t t = 0;
  std::int32_t scene = 0;
  std::int32_t mosaic = 0;  ///< later ones lie over earlier ones
  std::int32_t other = 0;   ///< a dimension that is not arranged here (phase, view, ...)
  std::int32_t pixel_type = 0;
  std::int32_t compression = 0;
};

/// What a Zeiss CZI file holds; pixels are not looked at yet.
struct CziFile {
  std::vector<CziTile> tiles;  ///< sub-resolutions left out
  std::string metadata;        ///< XML; empty: none
};

/// Where the values of a tile lie.
struct CziExtent {
  std::uint64_t first_byte = 0;
  std::uint64_t bytes = 0;
};

/// Whether the first bytes are those of a CZI file.
[[nodiscard]] bool IsCzi(const std::string& head);

/// Reads header, directory and metadata segment.
/// Errors  ReadError: broken or contradictory segments, several file parts, limits.
/// Source  Carl Zeiss, ZISRAW (CZI) file format design specification, release 1.2.2.
[[nodiscard]] CziFile ReadCziFile(const FileBytes& file);

/// Reads the subblock's own header.
[[nodiscard]] CziExtent FindPixels(const FileBytes& file, const CziTile& tile);

}  // namespace monitor::acquisition
