#include "sop/journal/verify_naming.h"

#include <algorithm>
#include <numeric>

#include "sop/journal/canonical_json.h"

namespace sop::journal {
namespace {

std::string Row(std::uint64_t index) { return "event " + std::to_string(index); }

void ForEachRow(const JournalSource& source,
                const std::function<void(std::uint64_t place, const StoredEvent&)>& visit) {
  std::uint64_t place = 0;
  for (std::uint64_t from = 0;;) {
    const auto page = source.events(from);
    if (page.empty()) return;
    for (const StoredEvent& row : page) visit(place++, row);
    from = page.back().index + 1;
  }
}

bool TilesGive(const Checkpoint& state, const TileSource& tiles) {
  StoredLeaves leaves(tiles);
  TreeEdge edge;
  while (edge.size() < state.tree_size) {
    const auto leaf = leaves.At(edge.size());
    if (!leaf) return false;
    edge.Append(*leaf);
    (void)edge.TakeFilled();
  }
  return edge.Root() == state.root;
}

/// Where the rows part from what was recorded.
struct Difference {
  std::optional<std::uint64_t> first;
  std::vector<Digest> recorded, there;
};

Difference Compare(const JournalSource& source, std::uint64_t size) {
  Difference difference;
  StoredLeaves leaves(source.tiles);
  ForEachRow(source, [&](std::uint64_t place, const StoredEvent& row) {
    if (place >= size) return;
    const Digest leaf = LeafHash(row.line);
    const Digest recorded = leaves.At(place).value();  // TilesGive has read them all
    if (leaf == recorded) return;
    if (!difference.first) difference.first = place;
    difference.recorded.push_back(recorded);
    difference.there.push_back(leaf);
  });
  std::sort(difference.recorded.begin(), difference.recorded.end());
  std::sort(difference.there.begin(), difference.there.end());
  return difference;
}

VerifyIssue CutTail(const Break& broken) {
  return {VerifyFinding::kRolledBack, broken.rows,
          "The record ends " + std::to_string(broken.signed_state.tree_size - broken.rows) +
              " event(s) before what its checkpoint covers."};
}

VerifyIssue NameByTiles(const JournalSource& source, const Break& broken) {
  const std::uint64_t size = broken.signed_state.tree_size;
  const Difference difference = Compare(source, size);
  if (broken.rows < size && !difference.first) return CutTail(broken);
  const std::uint64_t at = difference.first.value_or(size);
  if (broken.rows < size) {
    return {VerifyFinding::kEventDeleted, at, "What was recorded as " + Row(at) + " was deleted."};
  }
  if (broken.rows > size) {
    return {VerifyFinding::kInserted, at, Row(at) + " was inserted."};
  }
  if (difference.recorded == difference.there) {
    return {VerifyFinding::kReordered, at, Row(at) + " and later ones were put in another order."};
  }
  return {VerifyFinding::kLineAltered, at, Row(at) + " is not the one that was recorded."};
}

/// Events are recorded in the order of their times: if that order gives the signed root, rows were
/// exchanged.
std::optional<std::uint64_t> FirstOutOfOrder(const JournalSource& source, const Digest& root) {
  std::vector<std::pair<EventTime, Digest>> rows;
  ForEachRow(source, [&](std::uint64_t, const StoredEvent& row) {
    EventTime time = rows.empty() ? EventTime::min() : rows.back().first;
    try {
      time = ParseEventTime(ParseEvent(row.line).recorded_at).value();
    } catch (const CanonicalJsonError&) {
      // Named already; it stays where it is.
    }
    rows.emplace_back(time, LeafHash(row.line));
  });
  std::vector<std::size_t> order(rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return rows[a].first < rows[b].first; });
  TreeEdge sorted;
  for (const std::size_t i : order) sorted.Append(rows[i].second);
  if (sorted.Root() != root) return std::nullopt;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (order[i] != i) return i;
  }
  return std::nullopt;
}

VerifyIssue NameWithoutTiles(const JournalSource& source, const Break& broken) {
  const std::uint64_t size = broken.signed_state.tree_size;
  const std::string since = " at or after " + Row(broken.last_matching) + ".";
  if (broken.rows < size) {
    if (!broken.older_disagree) return CutTail(broken);
    return {VerifyFinding::kEventDeleted, std::nullopt,
            std::to_string(size - broken.rows) + " event(s) were deleted" + since};
  }
  if (broken.rows > size) {
    return {VerifyFinding::kInserted, std::nullopt, "One or more events were inserted" + since};
  }
  if (const auto index = FirstOutOfOrder(source, broken.signed_state.root)) {
    return {VerifyFinding::kReordered, index,
            Row(*index) + " and later ones were put in another order."};
  }
  return {VerifyFinding::kLineAltered, std::nullopt, "An event was altered" + since};
}

}  // namespace

std::string_view Name(VerifyFinding finding) {
  switch (finding) {
    case VerifyFinding::kConsistent:
      return "consistent";
    case VerifyFinding::kUnanchored:
      return "unanchored";
    case VerifyFinding::kLineAltered:
      return "line_altered";
    case VerifyFinding::kLeafHashAltered:
      return "leaf_hash_altered";
    case VerifyFinding::kRecordedMsAltered:
      return "recorded_ms_altered";
    case VerifyFinding::kEventDeleted:
      return "event_deleted";
    case VerifyFinding::kReordered:
      return "reordered";
    case VerifyFinding::kInserted:
      return "inserted";
    case VerifyFinding::kClockMovedBack:
      return "clock_moved_back";
    case VerifyFinding::kKeySwapped:
      return "key_swapped";
    case VerifyFinding::kCheckpointSignatureInvalid:
      return "checkpoint_signature_invalid";
    case VerifyFinding::kCheckpointAltered:
      return "checkpoint_altered";
    case VerifyFinding::kCheckpointDeleted:
      return "checkpoint_deleted";
    case VerifyFinding::kTileSwapped:
      return "tile_swapped";
    case VerifyFinding::kRolledBack:
      return "rolled_back";
    case VerifyFinding::kRewritten:
      return "rewritten";
  }
  return "unknown";  // unreachable for a valid enumerator; -Wswitch guards the list above
}

std::optional<Digest> StoredLeaves::At(std::uint64_t index) {
  const std::uint64_t tile = index / kTileWidth;
  if (tile_ != tile) {
    hashes_ = (*tiles_)({0, tile});
    tile_ = tile;
  }
  const auto place = static_cast<std::size_t>(index % kTileWidth);
  return place < hashes_.size() ? std::optional(hashes_[place]) : std::nullopt;
}

VerifyIssue NameTheBreak(const JournalSource& source, const Break& broken) {
  return TilesGive(broken.signed_state, source.tiles) ? NameByTiles(source, broken)
                                                      : NameWithoutTiles(source, broken);
}

}  // namespace sop::journal
