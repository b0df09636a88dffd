#include "monitor/acquisition/czi_file.h"

#include <algorithm>
#include <string_view>

#include "monitor/acquisition/limits.h"
#include "monitor/acquisition/read_error.h"

namespace monitor::acquisition {
namespace {

constexpr std::size_t kSegmentHeaderBytes = 32;
constexpr std::size_t kFileHeaderBytes = 80;
constexpr std::size_t kDirectoryHeaderBytes = 128;
constexpr std::size_t kMetadataHeaderBytes = 256;
constexpr std::size_t kEntryHeaderBytes = 32;
constexpr std::size_t kDimensionBytes = 20;
constexpr std::uint64_t kSubBlockHeaderBytes = 256;  // at the least
constexpr std::int32_t kMaxDimensions = 40;
constexpr std::uint64_t kMaxDirectoryBytes = std::uint64_t{48} << 20;

[[noreturn]] void Refuse(const std::string& what) {
  throw ReadError(ReadFault::kUnreadable, what + "; copy the CZI file again from the instrument");
}

[[noreturn]] void Unsupported(const std::string& what) {
  throw ReadError(ReadFault::kUnsupported, what);
}

struct Segment {
  std::uint64_t data = 0;  // where its content begins
  std::uint64_t bytes = 0;
};

Segment FindSegment(const FileBytes& file, std::uint64_t position, std::string_view id) {
  const std::vector<std::byte> header = file.Bytes(position, kSegmentHeaderBytes);
  FieldReader fields(header);
  if (fields.TakeText(16) != id) {
    Refuse("a segment of the CZI is not the " + std::string(id) + " that it should be");
  }
  const auto allocated = fields.Take<std::int64_t>();
  auto used = fields.Take<std::int64_t>();
  if (used == 0) used = allocated;  // as the specification says
  if (used < 0 || !file.Holds(position + kSegmentHeaderBytes, static_cast<std::uint64_t>(used))) {
    Refuse("a segment of the CZI (" + std::string(id) + ") ends outside of the file");
  }
  return {position + kSegmentHeaderBytes, static_cast<std::uint64_t>(used)};
}

struct FileHeader {
  std::uint64_t directory = 0;
  std::uint64_t metadata = 0;
};

FileHeader ReadHeader(const FileBytes& file) {
  const Segment segment = FindSegment(file, 0, "ZISRAWFILE");
  const std::vector<std::byte> bytes = file.Bytes(segment.data, kFileHeaderBytes);
  FieldReader fields(bytes);
  fields.Skip(48);  // versions and identifiers
  if (fields.Take<std::int32_t>() != 0) {
    Unsupported("the CZI is a later part of a file of several parts; save it as one file");
  }
  FileHeader header;
  header.directory = fields.Take<std::uint64_t>();
  header.metadata = fields.Take<std::uint64_t>();
  if (fields.Take<std::int32_t>() != 0) {
    Refuse("the CZI was not closed after it was written (an update is pending)");
  }
  if (header.directory == 0) Refuse("the CZI has no directory of its pixels");
  return header;
}

struct Dimension {
  char name = 0;
  std::int32_t start = 0;
  std::int32_t size = 0;
  std::int32_t stored = 0;
};

Dimension TakeDimension(FieldReader& fields) {
  Dimension dimension;
  const std::string name = fields.TakeText(4);
  dimension.name = name.size() == 1 ? name.front() : '?';
  dimension.start = fields.Take<std::int32_t>();
  dimension.size = fields.Take<std::int32_t>();
  fields.Skip(4);  // the start as a coordinate
  dimension.stored = fields.Take<std::int32_t>();
  return dimension;
}

void TakeSide(const Dimension& dimension, std::int32_t& first, std::uint32_t& length) {
  if (dimension.size < 1 || dimension.size > static_cast<std::int32_t>(kMaxSidePx)) {
    Refuse("a tile of the CZI claims a side of " + std::to_string(dimension.size) + " pixels");
  }
  first = dimension.start;
  length = static_cast<std::uint32_t>(dimension.size);
}

void PutDimension(const Dimension& dimension, CziTile& tile) {
  switch (dimension.name) {
    case 'X':
      return TakeSide(dimension, tile.x, tile.width_px);
    case 'Y':
      return TakeSide(dimension, tile.y, tile.height_px);
    case 'Z':
      tile.z = dimension.start;
      break;
    case 'C':
      tile.c = dimension.start;
      break;
    case 'T':
      tile.t = dimension.start;
      break;
    case 'S':
      tile.scene = dimension.start;
      break;
    case 'M':
      tile.mosaic = dimension.start;
      break;
    case 'B':  // acquisition block, without meaning since version 1.0
      break;
    default:
      tile.other = std::max(tile.other, dimension.start);
      break;
  }
  if (dimension.size > 1) {
    Unsupported(std::string("a subblock of the CZI holds several planes along ") + dimension.name +
                ", which is not read; export the image as OME-TIFF");
  }
}

// Adds the entry's tile; sub-resolutions store fewer pixels than they cover.
void TakeEntry(FieldReader& fields, std::vector<CziTile>& tiles) {
  if (fields.TakeText(2) != "DV") Refuse("the directory of the CZI has an entry of unknown kind");
  CziTile tile;
  tile.pixel_type = fields.Take<std::int32_t>();
  tile.position = fields.Take<std::uint64_t>();
  const auto part = fields.Take<std::int32_t>();
  tile.compression = fields.Take<std::int32_t>();
  fields.Skip(6);
  const auto dimensions = fields.Take<std::int32_t>();
  if (dimensions < 2 || dimensions > kMaxDimensions) {
    Refuse("the directory of the CZI states " + std::to_string(dimensions) + " dimensions");
  }
  bool reduced = false;
  for (std::int32_t i = 0; i < dimensions; ++i) {
    const Dimension dimension = TakeDimension(fields);
    const bool side = dimension.name == 'X' || dimension.name == 'Y';
    if (side && dimension.stored != 0 && dimension.stored != dimension.size) reduced = true;
    PutDimension(dimension, tile);
  }
  if (reduced) return;
  if (part != 0) Unsupported("pixels of the CZI are in other parts; save it as one file");
  if (tile.width_px == 0 || tile.height_px == 0) Refuse("a tile of the CZI states no size");
  tiles.push_back(tile);
}

std::vector<CziTile> ReadDirectory(const FileBytes& file, std::uint64_t position) {
  const Segment segment = FindSegment(file, position, "ZISRAWDIRECTORY");
  if (segment.bytes < kDirectoryHeaderBytes) Refuse("the directory of the CZI is cut off");
  const auto count = file.Number<std::int32_t>(segment.data);
  const std::uint64_t bytes = segment.bytes - kDirectoryHeaderBytes;
  const std::uint64_t least = kEntryHeaderBytes + 2 * kDimensionBytes;
  if (count < 0 || static_cast<std::uint64_t>(count) > bytes / least) {
    Refuse("the directory of the CZI claims " + std::to_string(count) +
           " entries, more than it has room for");
  }
  if (bytes > kMaxDirectoryBytes) {
    Unsupported("the directory of the CZI is larger than " +
                std::to_string(kMaxDirectoryBytes >> 20U) + " MB; split the file");
  }
  const std::vector<std::byte> content =
      file.Bytes(segment.data + kDirectoryHeaderBytes, static_cast<std::size_t>(bytes));
  FieldReader fields(content);
  std::vector<CziTile> tiles;
  tiles.reserve(static_cast<std::size_t>(count));
  for (std::int32_t i = 0; i < count; ++i) TakeEntry(fields, tiles);
  if (tiles.empty()) Refuse("the directory of the CZI names no pixels");
  return tiles;
}

std::string ReadMetadata(const FileBytes& file, std::uint64_t position) {
  if (position == 0) return {};
  const Segment segment = FindSegment(file, position, "ZISRAWMETADATA");
  if (segment.bytes < kMetadataHeaderBytes) Refuse("the metadata of the CZI are cut off");
  const auto length = file.Number<std::int32_t>(segment.data);
  if (length < 0 || static_cast<std::uint64_t>(length) > segment.bytes - kMetadataHeaderBytes) {
    Refuse("the metadata of the CZI are longer than their segment");
  }
  if (static_cast<std::size_t>(length) > kMaxDescriptionBytes) {
    Unsupported("the metadata of the CZI are larger than the limit; export the image as OME-TIFF");
  }
  return file.Text(segment.data + kMetadataHeaderBytes, static_cast<std::size_t>(length));
}

}  // namespace

bool IsCzi(const std::string& head) { return head.starts_with("ZISRAWFILE"); }

CziFile ReadCziFile(const FileBytes& file) {
  const FileHeader header = ReadHeader(file);
  CziFile czi;
  czi.tiles = ReadDirectory(file, header.directory);
  czi.metadata = ReadMetadata(file, header.metadata);
  return czi;
}

CziExtent FindPixels(const FileBytes& file, const CziTile& tile) {
  const Segment segment = FindSegment(file, tile.position, "ZISRAWSUBBLOCK");
  const std::size_t fixed = 16 + kEntryHeaderBytes;
  const std::vector<std::byte> bytes = file.Bytes(segment.data, fixed);
  FieldReader fields(bytes);
  const auto metadata_bytes = fields.Take<std::int32_t>();
  fields.Skip(4);  // the attachment behind the pixels
  const auto data_bytes = fields.Take<std::int64_t>();
  fields.Skip(kEntryHeaderBytes - 4);
  const auto dimensions = fields.Take<std::int32_t>();
  if (metadata_bytes < 0 || data_bytes < 0 || dimensions < 0 || dimensions > kMaxDimensions) {
    Refuse("a subblock of the CZI states impossible lengths");
  }
  const std::uint64_t header = std::max<std::uint64_t>(
      kSubBlockHeaderBytes, fixed + static_cast<std::uint64_t>(dimensions) * kDimensionBytes);
  CziExtent extent;
  extent.first_byte = segment.data + header + static_cast<std::uint64_t>(metadata_bytes);
  extent.bytes = static_cast<std::uint64_t>(data_bytes);
  if (!file.Holds(extent.first_byte, extent.bytes)) {
    Refuse("pixels of the CZI lie outside of the file");
  }
  return extent;
}

}  // namespace monitor::acquisition
