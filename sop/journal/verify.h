#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sop/journal/checkpoint.h"
#include "sop/journal/event.h"
#include "sop/journal/tiles.h"

namespace sop::journal {

/// What the verification of a journal found; every kind of tampering has its own name.
enum class VerifyFinding {
  kConsistent,  ///< whole, and anchored by at least one checkpoint from outside
  kUnanchored,  ///< whole in itself; no checkpoint from outside was given
  kLineAltered,
  kEventDeleted,
  kReordered,
  kInserted,
  kClockMovedBack,
  kCheckpointSignatureInvalid,
  kRolledBack,  ///< the tail is cut, or an old copy was put back
  kRewritten,   ///< signed by the log's own key, but not what an older checkpoint says
};
[[nodiscard]] std::string_view Name(VerifyFinding finding);  ///< "line_altered", ...

/// One row as the store holds it, in the order of its index.
struct StoredRow {
  std::uint64_t index;
  std::string_view line;
  Digest leaf_hash;
};

/// What the rows are held against.
struct VerifyAgainst {
  std::string verifier_key;          ///< signed-note vkey of the log
  std::string checkpoint;            ///< the record's own latest signed note
  std::vector<std::string> history;  ///< the record's older notes: they narrow down where it broke
  std::vector<std::string> anchors;  ///< notes kept outside the record: these anchor it
};

struct VerifyIssue {
  VerifyFinding finding;
  std::optional<std::uint64_t> index;  ///< of the first row concerned, where it is known
  std::string text;                    ///< one sentence
};

struct VerifyResult {
  VerifyFinding finding;            ///< of the first issue, or kConsistent, or kUnanchored
  std::vector<VerifyIssue> issues;  ///< empty when whole
  std::uint64_t rows;
  Digest root;                                  ///< of the rows as they are
  std::optional<std::uint64_t> anchored_up_to;  ///< tree size of the largest outside checkpoint
  [[nodiscard]] bool whole() const { return issues.empty(); }
};

/// Verifies a journal streamed row by row; memory is about 100 bytes a row, lines are not kept.
///
/// Add every row in the order of its index, then call Finish once.
class JournalVerifier {
 public:
  explicit JournalVerifier(VerifyAgainst against);
  void Add(const StoredRow& row);
  [[nodiscard]] VerifyResult Finish();

 private:
  struct Known {
    Checkpoint checkpoint;
    bool outside;
  };
  void CheckIndex(const StoredRow& row);
  void CheckLine(const StoredRow& row);
  void Report(VerifyFinding finding, std::optional<std::uint64_t> index, std::string text);
  void OpenNotes(const std::vector<std::string>& notes, bool outside);
  [[nodiscard]] std::uint64_t LastMatching() const;
  void CheckCheckpoint(const Checkpoint& checkpoint);
  void CheckAnchors();
  void NameTheBreak(const Checkpoint& checkpoint);
  [[nodiscard]] std::optional<std::uint64_t> FindReordering(const Checkpoint& checkpoint) const;
  [[nodiscard]] std::optional<std::uint64_t> FindInsertion(const Checkpoint& checkpoint,
                                                           std::uint64_t from) const;

  /// The tree of the rows as they are.
  struct RowTree {
    TreeEdge edge;
    std::map<TileId, std::vector<Digest>> tiles;
    void Append(const Digest& leaf);
    [[nodiscard]] std::uint64_t size() const { return edge.size(); }
    [[nodiscard]] Digest Root() const { return edge.Root(); }
    [[nodiscard]] Digest RootAt(std::uint64_t tree_size) const;
  };

  VerifyAgainst against_;
  RowTree tree_;
  std::vector<Digest> leaves_;
  std::vector<EventTime> times_;
  std::optional<Checkpoint> latest_;
  std::vector<Known> known_;
  std::vector<VerifyIssue> issues_;
  std::optional<VerifyIssue> clock_;
  std::uint64_t next_index_ = 0;
  std::optional<std::uint64_t> anchored_up_to_;
};

}  // namespace sop::journal
