#pragma once

#include "sop/journal/verify.h"

namespace sop::journal {

/// The leaves that the stored tiles hold, one after another.
class StoredLeaves {
 public:
  explicit StoredLeaves(const TileSource& tiles) : tiles_(&tiles) {}
  /// Nothing where the tile is missing or too short.
  [[nodiscard]] std::optional<Digest> At(std::uint64_t index);

 private:
  const TileSource* tiles_;
  std::optional<std::uint64_t> tile_;
  std::vector<Digest> hashes_;
};

/// What is known of a journal whose rows are each sound, yet do not give the signed root.
struct Break {
  Checkpoint signed_state;          ///< the newest that is signed by the log
  std::uint64_t rows = 0;           ///< how many there are
  std::uint64_t last_matching = 0;  ///< size of the newest checkpoint that the rows agree with
  bool older_disagree = false;      ///< a checkpoint that the rows could give they do not give
};

/// Names it: by the tiles, which tell what was recorded where they still give the signed root;
/// without them by counts and times.
[[nodiscard]] VerifyIssue NameTheBreak(const JournalSource& source, const Break& broken);

}  // namespace sop::journal
