#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/monitor/acquisition/written_file.h"

namespace monitor::acquisition {

/// One subblock to write. Dimensions beside x and y are pairs of letter and start.
struct WrittenTile {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;
  std::vector<std::pair<char, int>> at;
  int pixel_type = 1;
  int compression = 0;
  std::string values;      ///< as stored: packed where compressed
  int stored_width = 0;    ///< of a sub-resolution; 0: as wide as it is
  std::string metadata{};  ///< of the subblock, in front of the values
};

/// Writes CZI files from the published layout; shares no code with the reader.
class CziWriter {
 public:
  CziWriter& Tile(WrittenTile tile) {
    tiles_.push_back(std::move(tile));
    return *this;
  }
  CziWriter& Xml(std::string xml) {
    xml_ = std::move(xml);
    return *this;
  }

  [[nodiscard]] std::string Bytes() const {
    std::string file = Segment("ZISRAWFILE", std::string(512, '\0'));
    std::string entries;
    for (const WrittenTile& tile : tiles_) {
      const std::string entry = Entry(tile, file.size());
      entries += entry;
      std::string content;
      Append<std::int32_t>(static_cast<std::int32_t>(tile.metadata.size()), content);
      Append<std::int32_t>(0, content);
      Append<std::int64_t>(static_cast<std::int64_t>(tile.values.size()), content);
      content += entry;
      if (content.size() < 256) content.resize(256);
      file += Segment("ZISRAWSUBBLOCK", content + tile.metadata + tile.values);
    }
    const std::size_t metadata = file.size();
    std::string content;
    Append<std::int32_t>(static_cast<std::int32_t>(xml_.size()), content);
    content.resize(256);
    file += Segment("ZISRAWMETADATA", content + xml_);
    const std::size_t directory = file.size();
    content.clear();
    Append<std::int32_t>(static_cast<std::int32_t>(tiles_.size()), content);
    content.resize(128);
    file += Segment("ZISRAWDIRECTORY", content + entries);
    Put(file, 32 + 52, directory);
    Put(file, 32 + 60, metadata);
    return file;
  }

 private:
  static void Put(std::string& file, std::size_t at, std::uint64_t value) {
    std::string bytes;
    Append(value, bytes);
    file.replace(at, bytes.size(), bytes);
  }

  static std::string Segment(const char* id, const std::string& content) {
    std::string segment;
    AppendPadded(id, 16, segment);
    const std::size_t allocated = (content.size() + 31) / 32 * 32;
    Append<std::int64_t>(static_cast<std::int64_t>(allocated), segment);
    Append<std::int64_t>(static_cast<std::int64_t>(content.size()), segment);
    segment += content;
    segment.resize(32 + allocated);
    return segment;
  }

  static void AppendDimension(char name, int start, int size, int stored, std::string& entry) {
    AppendPadded(std::string(1, name), 4, entry);
    Append<std::int32_t>(start, entry);
    Append<std::int32_t>(size, entry);
    Append<float>(static_cast<float>(start), entry);
    Append<std::int32_t>(stored, entry);
  }

  static std::string Entry(const WrittenTile& tile, std::size_t position) {
    std::string entry = "DV";
    Append<std::int32_t>(tile.pixel_type, entry);
    Append<std::int64_t>(static_cast<std::int64_t>(position), entry);
    Append<std::int32_t>(0, entry);
    Append<std::int32_t>(tile.compression, entry);
    entry.append(6, '\0');
    Append<std::int32_t>(static_cast<std::int32_t>(2 + tile.at.size()), entry);
    AppendDimension('X', tile.x, tile.width, tile.stored_width ? tile.stored_width : tile.width,
                    entry);
    AppendDimension('Y', tile.y, tile.height, tile.height, entry);
    for (const auto& [name, start] : tile.at) AppendDimension(name, start, 1, 1, entry);
    return entry;
  }

  std::vector<WrittenTile> tiles_;
  std::string xml_ = "<ImageDocument><Metadata/></ImageDocument>";
};

}  // namespace monitor::acquisition
