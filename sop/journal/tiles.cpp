#include "sop/journal/tiles.h"

#include <algorithm>
#include <utility>

namespace sop::journal {
namespace {

constexpr int kTileHeight = 8;  // levels of the tree in one tile: 2^8 hashes
constexpr int kTreeHeight = 64;

/// The root of 2^n hashes.
Digest Complete(std::span<const Digest> hashes) {
  if (hashes.size() == 1) return hashes.front();
  const std::size_t half = hashes.size() / 2;
  return NodeHash(Complete(hashes.first(half)), Complete(hashes.last(half)));
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::string Name(const TileId& id) {
  return "tile " + std::to_string(id.index) + " of level " + std::to_string(id.level);
}

}  // namespace

std::string ToHex(std::span<const Digest> hashes) {
  std::string hex;
  hex.reserve(hashes.size() * 2 * sizeof(Digest));
  for (const Digest& hash : hashes) hex += ToHex(hash);
  return hex;
}

std::optional<std::vector<Digest>> DigestsFromHex(std::string_view hex) {
  constexpr std::size_t kDigits = 2 * sizeof(Digest);
  if (hex.size() % kDigits != 0) return std::nullopt;
  std::vector<Digest> hashes(hex.size() / kDigits);
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const int high = HexValue(hex[i]);
    const int low = HexValue(hex[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    hashes[i / kDigits][i % kDigits / 2] = static_cast<std::uint8_t>(16 * high + low);
  }
  return hashes;
}

std::size_t OpenWidth(std::uint64_t tree_size, int level) {
  const int shift = kTileHeight * level;
  return shift >= kTreeHeight ? 0 : static_cast<std::size_t>((tree_size >> shift) % kTileWidth);
}

TreeEdge::TreeEdge(std::uint64_t tree_size, const TileSource& tiles) : size_(tree_size) {
  for (int level = 0; level < kTreeHeight / kTileHeight && tree_size >> (kTileHeight * level) != 0;
       ++level) {
    Open open;
    const std::size_t width = OpenWidth(tree_size, level);
    const TileId id{level, (tree_size >> (kTileHeight * level)) / kTileWidth};
    if (width > 0) open.hashes = tiles(id);
    if (open.hashes.size() != width) {
      throw TileError(Name(id) + " has " + std::to_string(open.hashes.size()) +
                      " hashes instead of " + std::to_string(width));
    }
    for (int k = 0; k < kTileHeight; ++k) {
      const std::size_t count = std::size_t{1} << k;
      const std::size_t start = width / (2 * count) * (2 * count);
      peaks_.push_back(
          (width & count) == 0 ? Digest{} : Complete(std::span(open.hashes).subspan(start, count)));
    }
    open_.push_back(std::move(open));
  }
}

void TreeEdge::Append(const Digest& leaf) {
  Digest node = leaf;
  for (int height = 0;; ++height) {
    if (height % kTileHeight == 0) Place(height / kTileHeight, node);
    const auto place = static_cast<std::size_t>(height);
    if (place == peaks_.size()) peaks_.emplace_back();
    if (((size_ >> height) & 1) == 0) {
      peaks_[place] = node;
      break;
    }
    node = NodeHash(peaks_[place], node);
  }
  ++size_;
}

void TreeEdge::Place(int level, const Digest& hash) {
  const auto place = static_cast<std::size_t>(level);
  if (place == open_.size()) open_.emplace_back();
  Open& open = open_[place];
  open.hashes.push_back(hash);
  open.changed = true;
  if (open.hashes.size() < kTileWidth) return;
  filled_.push_back(
      {{level, size_ >> (kTileHeight * level) >> kTileHeight}, std::exchange(open.hashes, {})});
  open.changed = false;
}

Digest TreeEdge::Root() const {
  std::optional<Digest> root;
  for (std::size_t height = 0; height < peaks_.size(); ++height) {
    if (((size_ >> height) & 1) == 0) continue;
    root = root ? NodeHash(peaks_[height], *root) : peaks_[height];
  }
  return root ? *root : Sha256("");
}

std::vector<Tile> TreeEdge::TakeFilled() { return std::exchange(filled_, {}); }

std::vector<Tile> TreeEdge::TakeChanged() {
  std::vector<Tile> tiles = TakeFilled();
  for (std::size_t level = 0; level < open_.size(); ++level) {
    if (!std::exchange(open_[level].changed, false)) continue;
    const int shift = kTileHeight * static_cast<int>(level);
    tiles.push_back(
        {{static_cast<int>(level), size_ >> shift >> kTileHeight}, open_[level].hashes});
  }
  return tiles;
}

Digest TiledSubtrees::operator()(int height, std::uint64_t index) {
  const int within = height % kTileHeight;
  const std::uint64_t first = index << within;
  const TileId id{height / kTileHeight, first / kTileWidth};
  auto found = read_.find(id);
  if (found == read_.end()) found = read_.emplace(id, tiles_(id)).first;
  const auto offset = static_cast<std::size_t>(first % kTileWidth);
  const std::size_t count = std::size_t{1} << within;
  if (offset + count > found->second.size()) throw TileError(Name(id) + " is too short");
  return Complete(std::span<const Digest>(found->second).subspan(offset, count));
}

}  // namespace sop::journal
