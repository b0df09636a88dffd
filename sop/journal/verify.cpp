#include "sop/journal/verify.h"

#include <algorithm>
#include <numeric>

#include "sop/journal/canonical_json.h"

namespace sop::journal {
namespace {

constexpr std::size_t kMaxIssues = 20;
/// The search for an inserted row hashes this many leaves at most.
constexpr std::uint64_t kMaxSearch = 20'000'000;

std::string Row(std::uint64_t index) { return "event " + std::to_string(index); }

}  // namespace

std::string_view Name(VerifyFinding finding) {
  switch (finding) {
    case VerifyFinding::kConsistent:
      return "consistent";
    case VerifyFinding::kUnanchored:
      return "unanchored";
    case VerifyFinding::kLineAltered:
      return "line_altered";
    case VerifyFinding::kEventDeleted:
      return "event_deleted";
    case VerifyFinding::kReordered:
      return "reordered";
    case VerifyFinding::kInserted:
      return "inserted";
    case VerifyFinding::kClockMovedBack:
      return "clock_moved_back";
    case VerifyFinding::kCheckpointSignatureInvalid:
      return "checkpoint_signature_invalid";
    case VerifyFinding::kRolledBack:
      return "rolled_back";
    case VerifyFinding::kRewritten:
      return "rewritten";
  }
  return "unknown";  // unreachable for a valid enumerator; -Wswitch guards the list above
}

void JournalVerifier::RowTree::Append(const Digest& leaf) {
  edge.Append(leaf);
  for (Tile& tile : edge.TakeChanged()) tiles[tile.id] = std::move(tile.hashes);
}

Digest JournalVerifier::RowTree::RootAt(std::uint64_t tree_size) const {
  return journal::RootAt(TiledSubtrees([this](const TileId& id) { return tiles.at(id); }),
                         tree_size);
}

JournalVerifier::JournalVerifier(VerifyAgainst against) : against_(std::move(against)) {}

void JournalVerifier::Report(VerifyFinding finding, std::optional<std::uint64_t> index,
                             std::string text) {
  if (issues_.size() < kMaxIssues) issues_.push_back({finding, index, std::move(text)});
}

void JournalVerifier::Add(const StoredRow& row) {
  CheckIndex(row);
  CheckLine(row);
  // The tree is built from the bytes themselves: a stored leaf hash proves nothing.
  leaves_.push_back(LeafHash(row.line));
  tree_.Append(leaves_.back());
}

void JournalVerifier::CheckIndex(const StoredRow& row) {
  if (row.index > next_index_) {
    Report(VerifyFinding::kEventDeleted, next_index_, Row(next_index_) + " is missing.");
  } else if (row.index + 1 == next_index_) {
    Report(VerifyFinding::kInserted, row.index, Row(row.index) + " is there twice.");
  } else if (row.index < next_index_) {
    Report(VerifyFinding::kReordered, row.index, Row(row.index) + " stands behind later ones.");
  }
  next_index_ = std::max(next_index_, row.index + 1);
}

void JournalVerifier::CheckLine(const StoredRow& row) {
  const EventTime previous = times_.empty() ? EventTime::min() : times_.back();
  times_.push_back(previous);
  if (LeafHash(row.line) != row.leaf_hash) {
    Report(VerifyFinding::kLineAltered, row.index,
           Row(row.index) + " is not the text that its stored hash was made from.");
    return;
  }
  try {
    times_.back() = *ParseEventTime(ParseEvent(row.line).recorded_at);
  } catch (const CanonicalJsonError& error) {
    Report(VerifyFinding::kLineAltered, row.index,
           Row(row.index) + " is no journal event: " + error.what() + ".");
    return;
  }
  if (times_.back() < previous && !clock_) {
    clock_ = {VerifyFinding::kClockMovedBack, row.index,
              Row(row.index) + " is recorded at an earlier time than the one before it."};
  }
}

void JournalVerifier::OpenNotes(const std::vector<std::string>& notes, bool outside) {
  for (const std::string& note : notes) {
    const auto checkpoint = OpenCheckpoint(note, against_.verifier_key);
    if (checkpoint) {
      known_.push_back({*checkpoint, outside});
    } else if (outside) {
      Report(VerifyFinding::kCheckpointSignatureInvalid, std::nullopt,
             "A given checkpoint is not signed by this log's key.");
    } else {
      Report(VerifyFinding::kCheckpointSignatureInvalid, std::nullopt,
             "An older checkpoint of the record is not signed by this log's key.");
    }
  }
}

/// Size of the largest known checkpoint that the rows agree with; 0 when there is none.
std::uint64_t JournalVerifier::LastMatching() const {
  std::uint64_t last = 0;
  for (const auto& [checkpoint, outside] : known_) {
    if (checkpoint.tree_size <= tree_.size() && checkpoint.tree_size > last &&
        tree_.RootAt(checkpoint.tree_size) == checkpoint.root) {
      last = checkpoint.tree_size;
    }
  }
  return last;
}

VerifyResult JournalVerifier::Finish() {
  latest_ = OpenCheckpoint(against_.checkpoint, against_.verifier_key);
  OpenNotes(against_.history, false);
  OpenNotes(against_.anchors, true);
  if (latest_) {
    CheckCheckpoint(*latest_);
  } else {
    Report(VerifyFinding::kCheckpointSignatureInvalid, std::nullopt,
           "The record's latest checkpoint is not signed by this log's key.");
  }
  CheckAnchors();
  if (clock_) issues_.push_back(*clock_);

  VerifyResult result{VerifyFinding::kUnanchored, issues_, tree_.size(), tree_.Root(),
                      anchored_up_to_};
  if (!issues_.empty()) {
    result.finding = issues_.front().finding;
  } else if (anchored_up_to_) {
    result.finding = VerifyFinding::kConsistent;
  }
  return result;
}

void JournalVerifier::CheckCheckpoint(const Checkpoint& checkpoint) {
  if (checkpoint.tree_size <= tree_.size() &&
      tree_.RootAt(checkpoint.tree_size) == checkpoint.root) {
    if (checkpoint.tree_size < tree_.size()) {
      Report(VerifyFinding::kInserted, checkpoint.tree_size,
             Row(checkpoint.tree_size) + " and later ones are covered by no checkpoint.");
    }
    return;
  }
  if (issues_.empty()) NameTheBreak(checkpoint);  // the rows have not told it themselves
}

/// The rows do not give the signed root, yet each row is sound by itself.
void JournalVerifier::NameTheBreak(const Checkpoint& checkpoint) {
  const std::uint64_t from = LastMatching();
  const std::string since = " at or after " + Row(from) + ".";
  if (checkpoint.tree_size > tree_.size()) {
    const bool whole_so_far = std::none_of(known_.begin(), known_.end(), [&](const Known& known) {
      return known.checkpoint.tree_size <= tree_.size() &&
             tree_.RootAt(known.checkpoint.tree_size) != known.checkpoint.root;
    });
    const std::string missing = std::to_string(checkpoint.tree_size - tree_.size());
    return whole_so_far ? Report(VerifyFinding::kRolledBack, tree_.size(),
                                 "The record ends " + missing +
                                     " event(s) before what its checkpoint covers.")
                        : Report(VerifyFinding::kEventDeleted, std::nullopt,
                                 missing + " event(s) were deleted" + since);
  }
  if (checkpoint.tree_size < tree_.size()) {
    const auto index = FindInsertion(checkpoint, from);
    return Report(
        VerifyFinding::kInserted, index,
        index ? Row(*index) + " was inserted." : "One or more events were inserted" + since);
  }
  if (const auto index = FindReordering(checkpoint)) {
    return Report(VerifyFinding::kReordered, index,
                  Row(*index) + " and later ones were put into another order.");
  }
  Report(VerifyFinding::kLineAltered, std::nullopt, "An event was altered" + since);
}

/// Events are recorded in the order of their times: if that order gives the signed root, rows were
/// exchanged.
std::optional<std::uint64_t> JournalVerifier::FindReordering(const Checkpoint& checkpoint) const {
  std::vector<std::size_t> order(leaves_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return times_[a] < times_[b]; });
  TreeEdge sorted;
  for (const std::size_t i : order) sorted.Append(leaves_[i]);
  if (sorted.Root() != checkpoint.root) return std::nullopt;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (order[i] != i) return i;
  }
  return std::nullopt;
}

/// The one row without which the others give the signed root.
std::optional<std::uint64_t> JournalVerifier::FindInsertion(const Checkpoint& checkpoint,
                                                            std::uint64_t from) const {
  const std::uint64_t count = leaves_.size();
  if (count != checkpoint.tree_size + 1 || (count - from) * count > kMaxSearch) return std::nullopt;
  for (std::uint64_t left_out = from; left_out < count; ++left_out) {
    TreeEdge tree;
    for (std::uint64_t i = 0; i < count; ++i) {
      if (i != left_out) tree.Append(leaves_[i]);
    }
    if (tree.Root() == checkpoint.root) return left_out;
  }
  return std::nullopt;
}

/// Checkpoints kept outside tell what the record and its own key cannot: an old copy, a new past.
void JournalVerifier::CheckAnchors() {
  for (const auto& [anchor, outside] : known_) {
    const std::string size = std::to_string(anchor.tree_size);
    if (anchor.tree_size > tree_.size()) {
      const bool said = std::any_of(issues_.begin(), issues_.end(), [](const VerifyIssue& issue) {
        return issue.finding == VerifyFinding::kRolledBack ||
               issue.finding == VerifyFinding::kEventDeleted;
      });
      if (!said) {
        Report(VerifyFinding::kRolledBack, tree_.size(),
               "A checkpoint covers " + size + " events, the record holds " +
                   std::to_string(tree_.size()) + ".");
      }
    } else if (tree_.RootAt(anchor.tree_size) != anchor.root) {
      // With a break already named the mismatch is no news.
      if (issues_.empty()) {
        Report(VerifyFinding::kRewritten, std::nullopt,
               "The first " + size + " events are not those that an older checkpoint covers.");
      }
    } else if (outside) {
      anchored_up_to_ = std::max(anchored_up_to_.value_or(0), anchor.tree_size);
    }
  }
}

}  // namespace sop::journal
