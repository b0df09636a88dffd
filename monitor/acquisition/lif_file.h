#pragma once

#include <cstdint>
#include <map>
#include <pugixml.hpp>
#include <string>
#include <vector>

#include "monitor/acquisition/file_bytes.h"

namespace monitor::acquisition {

/// Where the values of a memory block lie.
struct LifBlock {
  std::uint64_t first_byte = 0;
  std::uint64_t bytes = 0;
};

/// One image series of the container.
struct LifSeries {
  std::string name;      ///< names of its folders and its own, joined by '/'
  pugi::xml_node image;  ///< the Image element
  std::string block;     ///< name of its memory block
};

/// What a Leica LIF container holds; pixels are not looked at yet.
struct LifFile {
  pugi::xml_document xml;
  std::map<std::string, LifBlock> blocks;
  std::vector<LifSeries> series;
};

/// Whether the first bytes are those of a LIF container.
[[nodiscard]] bool IsLif(const std::string& head);

/// Reads the XML and the list of memory blocks. A block that the file ends in keeps what is there:
/// only the series that lies in it cannot be read.
/// Errors  ReadError.
/// Source  Leica Image File Format, as written by LAS AF and LAS X (container version 1 and 2).
void ReadLifFile(const FileBytes& file, LifFile& lif);

}  // namespace monitor::acquisition
