#pragma once

#include <map>
#include <vector>

#include "sop/journal/tiles.h"

namespace sop::journal {

/// Tiles as a store would keep them, in memory: written as the edge hands them out.
class MemoryTree {
 public:
  MemoryTree() = default;
  explicit MemoryTree(const std::vector<Digest>& leaves) {
    for (const Digest& leaf : leaves) Append(leaf);
  }
  void Append(const Digest& leaf) {
    edge_.Append(leaf);
    for (Tile& tile : edge_.TakeChanged()) tiles_[tile.id] = std::move(tile.hashes);
  }
  [[nodiscard]] std::uint64_t size() const { return edge_.size(); }
  [[nodiscard]] Digest Root() const { return edge_.Root(); }
  [[nodiscard]] TileSource tiles() const {
    return [this](const TileId& id) {
      const auto found = tiles_.find(id);
      return found == tiles_.end() ? std::vector<Digest>() : found->second;
    };
  }
  [[nodiscard]] SubtreeSource subtrees() const { return TiledSubtrees(tiles()); }
  [[nodiscard]] const std::map<TileId, std::vector<Digest>>& stored() const { return tiles_; }

 private:
  TreeEdge edge_;
  std::map<TileId, std::vector<Digest>> tiles_;
};

}  // namespace sop::journal
