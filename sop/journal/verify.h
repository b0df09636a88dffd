#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sop/journal/checkpoint.h"
#include "sop/journal/event.h"
#include "sop/journal/tiles.h"

namespace sop::journal {

/// What the verification of a journal found; every kind of tampering has its own name, which
/// FORMAT.md defines.
enum class VerifyFinding {
  kConsistent,  ///< whole, and anchored by at least one checkpoint from outside
  kUnanchored,  ///< whole in itself; no checkpoint from outside was given
  kLineAltered,
  kLeafHashAltered,
  kRecordedMsAltered,
  kEventDeleted,
  kReordered,
  kInserted,
  kClockMovedBack,
  kKeySwapped,
  kCheckpointSignatureInvalid,
  kCheckpointAltered,
  kCheckpointDeleted,
  kTileSwapped,
  kRolledBack,  ///< the tail is cut, or an old copy was put back
  kRewritten,   ///< signed by the log's own key, but not what an older checkpoint says
};
[[nodiscard]] std::string_view Name(VerifyFinding finding);  ///< "line_altered", ...

/// One row as the store holds it.
struct StoredEvent {
  std::uint64_t index = 0;
  std::string line;
  std::string leaf_hash;  ///< hex, whatever is there
  std::int64_t recorded_ms = 0;
};
struct StoredCheckpoint {
  std::uint64_t tree_size = 0;
  std::string note;
};

/// How a record is read: in pages, in order, from the given place on; an empty page is the end.
/// Only one page is held at a time. What the functions throw passes through.
struct JournalSource {
  std::function<std::vector<StoredEvent>(std::uint64_t from_index)> events;
  std::function<std::vector<StoredCheckpoint>(std::uint64_t after_size)> checkpoints;
  TileSource tiles;
  std::uint64_t event_count = 0;  ///< of rows, counted
  std::uint64_t tile_count = 0;
};

struct VerifyAgainst {
  std::string log_key;               ///< vkey kept outside; empty: the one of the first event
  std::vector<std::string> anchors;  ///< notes kept outside the record: these anchor it
  /// Called for each row in order; the event is null where the line is none.
  std::function<void(const StoredEvent& row, const Event* event)> each;
};

struct VerifyIssue {
  VerifyFinding finding;
  std::optional<std::uint64_t> index;  ///< of the first row concerned, where it is known
  std::string text;                    ///< one sentence
};

struct VerifyResult {
  VerifyFinding finding;            ///< of the first issue, or kConsistent, or kUnanchored
  std::vector<VerifyIssue> issues;  ///< at most 20; empty when whole
  std::uint64_t rows;
  Digest root;                                  ///< of the rows as they are
  std::optional<std::uint64_t> anchored_up_to;  ///< tree size of the largest outside checkpoint
  /// Size of the largest outside checkpoint of a log epoch that a recorded restore ended: what it
  /// covers beyond the restored size was lost, openly, and cannot be compared.
  std::optional<std::uint64_t> lost_with_restore;
  [[nodiscard]] bool whole() const { return issues.empty(); }
};

/// Derives a journal again from its lines and names what does not hold.
///
/// Memory does not grow with the journal, unless a break has to be named whose rows all differ from
/// the tiles (64 bytes a row). Errors  std::invalid_argument for an anchor that is no checkpoint of
/// this log: that says nothing about the record.
[[nodiscard]] VerifyResult VerifyJournal(const JournalSource& source, const VerifyAgainst& against);

/// What a note is to a log whose key is known.
enum class NoteState {
  kSigned,      ///< by this key, and it holds
  kAnotherKey,  ///< of this log's name, but of another key only
  kUnusable,    ///< malformed, of another name, or a signature that does not hold
};
[[nodiscard]] NoteState StateOf(std::string_view note, std::string_view verifier_key);

}  // namespace sop::journal
