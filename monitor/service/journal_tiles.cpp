#include "monitor/service/journal_tiles.h"

namespace monitor::service {

sop::journal::TileSource TilesOf(const sop::store::Reader& tables) {
  return [&tables](const sop::journal::TileId& id) {
    const auto row = tables.Tile(id.level, static_cast<std::int64_t>(id.index));
    if (!row) return std::vector<sop::journal::Digest>();
    return sop::journal::DigestsFromHex(row->hashes).value_or(std::vector<sop::journal::Digest>());
  };
}

}  // namespace monitor::service
