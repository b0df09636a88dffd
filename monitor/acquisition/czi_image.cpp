#include "monitor/acquisition/czi_image.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <set>
#include <tuple>

#include "monitor/acquisition/czi_file.h"
#include "monitor/acquisition/czi_metadata.h"
#include "monitor/acquisition/czi_pixels.h"
#include "monitor/acquisition/limits.h"
#include "monitor/acquisition/plane_memory.h"
#include "monitor/acquisition/read_error.h"
#include "monitor/acquisition/scene_choice.h"

namespace monitor::acquisition {
namespace {

/// Tiles may be stored many times over; more than this is no mosaic.
constexpr std::uint64_t kMaxOverlap = 4;

[[noreturn]] void Refuse(const std::string& what) {
  throw ReadError(ReadFault::kUnreadable, what + "; copy the CZI file again from the instrument");
}

[[noreturn]] void Unsupported(const std::string& what) {
  throw ReadError(ReadFault::kUnsupported, what);
}

/// The rectangle that the tiles of a scene cover.
struct Frame {
  std::int64_t left = 0;
  std::int64_t top = 0;
  std::int64_t right = 0;
  std::int64_t bottom = 0;

  explicit Frame(const CziTile& tile)
      : left(tile.x), top(tile.y), right(left + tile.width_px), bottom(top + tile.height_px) {}
  void Cover(const CziTile& tile) {
    const Frame other(tile);
    left = std::min(left, other.left);
    top = std::min(top, other.top);
    right = std::max(right, other.right);
    bottom = std::max(bottom, other.bottom);
  }
};

/// One scene: its tiles by plane.
struct Scene {
  std::vector<CziTile> tiles;  // in the order of planes: t, c, z, mosaic
  std::vector<int> z;
  std::vector<int> c;
  std::vector<int> t;
};

std::vector<int> Values(const std::vector<CziTile>& tiles, std::int32_t CziTile::*member) {
  std::set<int> values;
  for (const CziTile& tile : tiles) values.insert(tile.*member);
  return {values.begin(), values.end()};
}

std::map<int, Scene> ScenesOf(std::vector<CziTile> tiles) {
  std::map<int, Scene> scenes;
  for (const CziTile& tile : tiles) scenes[tile.scene].tiles.push_back(tile);
  for (auto& [index, scene] : scenes) {
    scene.z = Values(scene.tiles, &CziTile::z);
    scene.c = Values(scene.tiles, &CziTile::c);
    scene.t = Values(scene.tiles, &CziTile::t);
    std::stable_sort(scene.tiles.begin(), scene.tiles.end(),
                     [](const CziTile& a, const CziTile& b) {
                       return std::tie(a.t, a.c, a.z, a.mosaic) < std::tie(b.t, b.c, b.z, b.mosaic);
                     });
  }
  return scenes;
}

std::string SizeText(const Scene& scene) {
  Frame frame(scene.tiles.front());
  for (const CziTile& tile : scene.tiles) frame.Cover(tile);
  return std::to_string(frame.right - frame.left) + " x " +
         std::to_string(frame.bottom - frame.top) + " px, " + std::to_string(scene.z.size()) +
         " z, " + std::to_string(scene.c.size()) + " c, " + std::to_string(scene.t.size()) + " t";
}

Scene Choose(std::map<int, Scene> scenes, const std::vector<std::string>& names,
             const std::optional<std::string>& wanted) {
  std::vector<SceneRow> rows;
  std::vector<Scene*> order;
  for (auto& [index, scene] : scenes) {
    const auto place = static_cast<std::size_t>(index);
    const bool named = index >= 0 && place < names.size();
    rows.push_back({named ? names[place] : "", SizeText(scene)});
    order.push_back(&scene);
  }
  return std::move(*order[ChooseScene(rows, wanted)]);
}

using Tiles = std::span<const CziTile>;

/// The runs of tiles that make one plane, in the order of Image::planes.
std::vector<Tiles> PlanesOf(const Scene& scene) {
  std::vector<Tiles> planes;
  const Tiles all(scene.tiles);
  std::size_t first = 0;
  for (std::size_t i = 1; i <= all.size(); ++i) {
    const auto plane = [&all](std::size_t at) { return std::tie(all[at].t, all[at].c, all[at].z); };
    if (i < all.size() && plane(i) == plane(first)) continue;
    planes.push_back(all.subspan(first, i - first));
    first = i;
  }
  // Each plane that is there is counted once, so the number tells whether all are there.
  if (planes.size() != scene.z.size() * scene.c.size() * scene.t.size()) {
    Refuse("planes are missing in the CZI (an acquisition that was stopped?): " +
           std::to_string(planes.size()) + " of " + std::to_string(scene.z.size()) + " z x " +
           std::to_string(scene.c.size()) + " channels x " + std::to_string(scene.t.size()) +
           " times are there");
  }
  if (planes.size() > kMaxPages) Unsupported("the CZI holds more planes than the limit");
  return planes;
}

PlaneShape ShapeOf(const Frame& frame, const CziTile& tile) {
  const std::int64_t width = frame.right - frame.left;
  const std::int64_t height = frame.bottom - frame.top;
  if (width > kMaxSidePx || height > kMaxSidePx) {
    Refuse("the tiles of the CZI lie " + std::to_string(std::max(width, height)) +
           " pixels apart, more than the limit");
  }
  const PlaneShape shape{static_cast<std::uint32_t>(width), static_cast<std::uint32_t>(height),
                         CziSampleType(tile)};
  CheckShape(shape);
  return shape;
}

void CheckTiles(const Scene& scene) {
  for (const CziTile& tile : scene.tiles) {
    if (tile.other != 0) {
      Unsupported(
          "the CZI holds phases, views, rotations or illuminations, of which an analysis takes "
          "one; export the processed image");
    }
    if (CziSampleType(tile) != CziSampleType(scene.tiles.front())) {
      Unsupported("the channels of the CZI differ in pixel type; save one channel a file");
    }
  }
}

class PlaneMaker {
 public:
  PlaneMaker(const FileBytes& file, const Scene& scene, Image& image)
      : file_(file), frame_(scene.tiles.front()), image_(image) {
    for (const CziTile& tile : scene.tiles) frame_.Cover(tile);
    shape_ = ShapeOf(frame_, scene.tiles.front());
    mapping_ = MappedMemory::MapFile(file.fd(), file.size());
  }

  void Make(const std::vector<Tiles>& planes) {
    SetShape(shape_, planes.size(), image_);
    std::vector<CziExtent> extents;
    bool mapped = true;
    for (const Tiles& tiles : planes) {
      const bool one = tiles.size() == 1 && IsWhole(tiles.front()) && IsUncompressed(tiles.front());
      extents.push_back(one ? FindPixels(file_, tiles.front()) : CziExtent{});
      mapped = mapped && one && extents.back().bytes >= shape_.StoredBytes() &&
               CanBeMapped(shape_, extents.back().first_byte);
    }
    if (!mapped) return Compose(planes);
    image_.memory.push_back(mapping_);
    for (std::size_t i = 0; i < planes.size(); ++i) {
      image_.planes[i] = MappedPlane(shape_, mapping_->bytes().data() + extents[i].first_byte);
    }
  }

 private:
  [[nodiscard]] bool IsWhole(const CziTile& tile) const {
    return tile.width_px == shape_.width_px && tile.height_px == shape_.height_px;
  }

  void Compose(const std::vector<Tiles>& planes) {
    for (const Tiles& tiles : planes) CheckCover(tiles);
    DecodedPlanes decoded(shape_, planes.size(), image_);
    std::vector<std::byte> plane(static_cast<std::size_t>(shape_.StoredBytes()));
    for (std::size_t i = 0; i < planes.size(); ++i) {
      for (const CziTile& tile : planes[i]) Draw(tile, plane);
      image_.planes[i] = decoded.Add(plane);
    }
  }

  // A pixel that no tile covers has no value, and none is made up.
  void CheckCover(Tiles tiles) const {
    if (tiles.size() == 1 && IsWhole(tiles.front())) return;
    const std::uint64_t whole = std::uint64_t{shape_.width_px} * shape_.height_px;
    std::uint64_t area = 0;
    for (const CziTile& tile : tiles) area += std::uint64_t{tile.width_px} * tile.height_px;
    if (area > kMaxOverlap * whole) Refuse("the tiles of a plane of the CZI overlap too often");
    std::vector<bool> covered(static_cast<std::size_t>(whole));
    for (const CziTile& tile : tiles) {
      const auto row = covered.begin() + (tile.y - frame_.top) * std::int64_t{shape_.width_px} +
                       (tile.x - frame_.left);
      for (std::uint32_t i = 0; i < tile.height_px; ++i) {
        std::fill_n(row + std::int64_t{i} * shape_.width_px, tile.width_px, true);
      }
    }
    if (std::find(covered.begin(), covered.end(), false) == covered.end()) return;
    Unsupported(
        "the tiles of the CZI leave gaps in the image, so it has pixels without a value; export "
        "one tile or a rectangle of tiles");
  }

  void Draw(const CziTile& tile, std::vector<std::byte>& plane) {
    const CziExtent extent = FindPixels(file_, tile);
    UnpackCziTile(tile, mapping_->bytes().subspan(extent.first_byte, extent.bytes), values_);
    mapping_->Release(extent.first_byte, extent.bytes);
    const std::size_t sample = BytesOf(shape_.type);
    const std::size_t tile_row = tile.width_px * sample;
    const std::size_t plane_row = shape_.width_px * sample;
    std::byte* out = plane.data() + static_cast<std::size_t>(tile.y - frame_.top) * plane_row +
                     static_cast<std::size_t>(tile.x - frame_.left) * sample;
    for (std::uint32_t row = 0; row < tile.height_px; ++row) {
      std::memcpy(out + row * plane_row, values_.data() + row * tile_row, tile_row);
    }
  }

  const FileBytes& file_;
  Frame frame_;
  Image& image_;
  PlaneShape shape_;
  std::shared_ptr<const MappedMemory> mapping_;
  std::vector<std::byte> values_;
};

}  // namespace

Image ReadCziImage(const ImageSource& source) {
  const FileBytes file(source.fd, source.bytes);
  CziFile czi = ReadCziFile(file);
  const std::vector<std::string> names = ReadCziMetadata(czi.metadata, {}).scene_names;
  const Scene scene = Choose(ScenesOf(std::move(czi.tiles)), names, source.scene);
  CheckTiles(scene);
  Image image;
  image.format = "CZI";
  image.axes = {static_cast<int>(scene.z.size()), static_cast<int>(scene.c.size()),
                static_cast<int>(scene.t.size()), true};
  PlaneMaker(file, scene, image).Make(PlanesOf(scene));
  CziMetadata metadata = ReadCziMetadata(czi.metadata, scene.c);
  image.metadata = std::move(metadata.values);
  image.acquired_at = std::move(metadata.acquired_at);
  return image;
}

}  // namespace monitor::acquisition
