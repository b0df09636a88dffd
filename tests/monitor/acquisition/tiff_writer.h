#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/monitor/acquisition/written_file.h"

namespace monitor::acquisition {

/// One page to write: 16-bit values, one strip for each plane.
struct WrittenPage {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::vector<std::string> planes;  ///< one for each sample, each stored on its own
  std::string description{};
  std::string lsm{};  ///< content of tag 34412
  bool reduced = false;
  std::uint16_t photometric = 1;
};

/// Writes classic little-endian TIFF; shares no code with the reader.
inline std::string TiffBytes(const std::vector<WrittenPage>& pages) {
  std::string file("II*\0", 4);
  Append<std::uint32_t>(0, file);
  std::size_t link = 4;
  const auto put32 = [&file](std::size_t at, std::size_t value) {
    std::string bytes;
    Append(static_cast<std::uint32_t>(value), bytes);
    file.replace(at, 4, bytes);
  };
  for (const WrittenPage& page : pages) {
    std::vector<std::size_t> offsets;
    for (const std::string& plane : page.planes) {
      offsets.push_back(file.size());
      file += plane;
    }
    const auto outside = [&file](const std::string& bytes) {
      const std::size_t at = file.size();
      file += bytes + std::string(bytes.size() % 2, '\0');
      return at;
    };
    std::string fields;
    std::uint16_t count = 0;
    const auto field = [&](int tag, int type, std::size_t values, std::size_t value) {
      Append(static_cast<std::uint16_t>(tag), fields);
      Append(static_cast<std::uint16_t>(type), fields);
      Append(static_cast<std::uint32_t>(values), fields);
      Append(static_cast<std::uint32_t>(value), fields);
      ++count;
    };
    const std::size_t planes = page.planes.size();
    std::string bits;
    std::string starts;
    std::string lengths;
    for (std::size_t i = 0; i < planes; ++i) {
      Append<std::uint16_t>(16, bits);
      Append(static_cast<std::uint32_t>(offsets[i]), starts);
      Append(static_cast<std::uint32_t>(page.planes[i].size()), lengths);
    }
    field(254, 4, 1, page.reduced ? 1 : 0);
    field(256, 4, 1, page.width);
    field(257, 4, 1, page.height);
    field(258, 3, planes, planes > 2 ? outside(bits) : planes == 2 ? 16 | 16 << 16 : 16);
    field(259, 3, 1, 1);
    field(262, 3, 1, page.photometric);
    if (!page.description.empty()) {
      field(270, 2, page.description.size() + 1, outside(page.description + '\0'));
    }
    field(273, 4, planes, planes > 1 ? outside(starts) : offsets.at(0));
    field(277, 3, 1, planes);
    field(278, 4, 1, page.height);
    field(279, 4, planes, planes > 1 ? outside(lengths) : page.planes[0].size());
    if (planes > 1) field(284, 3, 1, 2);
    if (!page.lsm.empty()) field(34412, 1, page.lsm.size(), outside(page.lsm));
    file += std::string(file.size() % 2, '\0');
    put32(link, file.size());
    Append(count, file);
    file += fields;
    link = file.size();
    Append<std::uint32_t>(0, file);
  }
  return file;
}

/// `count` values from `first` on.
inline std::string Counting(int first, int count) {
  std::string values;
  for (int i = 0; i < count; ++i) Append(static_cast<std::uint16_t>(first + i), values);
  return values;
}

}  // namespace monitor::acquisition
