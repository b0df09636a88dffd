#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "sop/journal/merkle.h"

namespace sop::journal {

/// The Merkle tree in tiles of C2SP tlog-tiles: tile `index` of `level` holds up to 256 consecutive
/// hashes, each the root of 256^level leaves. Only the last tile of a level is ever partial, and
/// only whole tiles are hashed into the level above.
/// Source   https://c2sp.org/tlog-tiles
inline constexpr std::size_t kTileWidth = 256;

struct TileId {
  int level = 0;
  std::uint64_t index = 0;
  auto operator<=>(const TileId&) const = default;
};

struct Tile {
  TileId id;
  std::vector<Digest> hashes;
};

/// The hashes that are stored of a tile; none when there is no such tile.
using TileSource = std::function<std::vector<Digest>(const TileId&)>;

/// A tile that is missing, or shorter than the size of the tree asks for.
class TileError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The concatenated hashes as lower-case hex: the form in which the store keeps them.
[[nodiscard]] std::string ToHex(std::span<const Digest> hashes);
/// Nothing where the text is not the hex of whole digests.
[[nodiscard]] std::optional<std::vector<Digest>> DigestsFromHex(std::string_view hex);

/// How many hashes the last, partial tile of `level` has in a tree of `tree_size`; 0: there is
/// none.
[[nodiscard]] std::size_t OpenWidth(std::uint64_t tree_size, int level);

/// The right edge of a tree: enough to append to it and to know its root, whatever its size.
///
/// Memory is one tile a level; an append costs one hash on average, the root one a level.
class TreeEdge {
 public:
  TreeEdge() = default;  ///< of the empty tree
  /// Of a stored tree. Errors  TileError where a partial tile has not the width that the size says.
  TreeEdge(std::uint64_t tree_size, const TileSource& tiles);

  void Append(const Digest& leaf);
  [[nodiscard]] std::uint64_t size() const { return size_; }
  /// Of the empty tree, SHA-256 of nothing.
  [[nodiscard]] Digest Root() const;
  /// The tiles that appends have changed since the last call: whole ones, then the partial ones.
  [[nodiscard]] std::vector<Tile> TakeChanged();
  /// The same without the partial ones: they are final.
  [[nodiscard]] std::vector<Tile> TakeFilled();

 private:
  struct Open {
    std::vector<Digest> hashes;  ///< fewer than kTileWidth
    bool changed = false;
  };
  void Place(int level, const Digest& hash);

  std::uint64_t size_ = 0;
  std::vector<Digest> peaks_;  ///< by height: the complete subtrees of the bits of size_
  std::vector<Open> open_;     ///< by level
  std::vector<Tile> filled_;
};

/// A SubtreeSource over stored tiles; each tile is read once. Errors  TileError.
class TiledSubtrees {
 public:
  explicit TiledSubtrees(TileSource tiles) : tiles_(std::move(tiles)) {}
  [[nodiscard]] Digest operator()(int height, std::uint64_t index);

 private:
  TileSource tiles_;
  std::map<TileId, std::vector<Digest>> read_;
};

}  // namespace sop::journal
