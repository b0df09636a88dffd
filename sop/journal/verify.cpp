#include "sop/journal/verify.h"

#include <algorithm>
#include <stdexcept>

#include "sop/journal/canonical_json.h"
#include "sop/journal/signed_note.h"
#include "sop/journal/verify_naming.h"

namespace sop::journal {
namespace {

constexpr std::size_t kMaxIssues = 20;

std::string Row(std::uint64_t index) { return "event " + std::to_string(index); }

/// The key that the log names in its first event. It says whether the record agrees with itself;
/// only a key or checkpoint from outside tells it from one that was signed anew.
std::string KeyOfFirstEvent(const JournalSource& source) {
  const auto page = source.events(0);
  if (page.empty()) return {};
  try {
    const Event event = ParseEvent(page.front().line);
    return event.body.at("verifier_key").get<std::string>();
  } catch (const std::exception&) {
    return {};  // the row's own check names the damage
  }
}

/// The checkpoints of the record, one by one.
class CheckpointPages {
 public:
  explicit CheckpointPages(const JournalSource& source) : source_(&source) {}
  /// The next one, if its size is at most `size`.
  std::optional<StoredCheckpoint> TakeUpTo(std::uint64_t size) {
    if (next_ == page_.size() && !ended_) {
      page_ = source_->checkpoints(after_);
      next_ = 0;
      ended_ = page_.empty();
      if (!ended_) after_ = page_.back().tree_size;
    }
    if (next_ == page_.size() || page_[next_].tree_size > size) return std::nullopt;
    return std::move(page_[next_++]);
  }

 private:
  const JournalSource* source_;
  std::vector<StoredCheckpoint> page_;
  std::size_t next_ = 0;
  std::uint64_t after_ = 0;
  bool ended_ = false;
};

class Verifier {
 public:
  Verifier(const JournalSource& source, const VerifyAgainst& against)
      : source_(source),
        against_(against),
        stored_leaves_(source.tiles),
        checkpoints_(source),
        key_(against.log_key.empty() ? KeyOfFirstEvent(source) : against.log_key) {}

  VerifyResult Run() {
    OpenAnchors();
    if (!against_.log_key.empty()) CheckNamedKey();
    for (std::uint64_t from = 0;;) {
      const auto page = source_.events(from);
      if (page.empty()) break;
      for (const StoredEvent& row : page) Add(row);
      from = page.back().index + 1;
      CompareTiles(edge_.TakeFilled());
    }
    while (const auto stored = checkpoints_.TakeUpTo(UINT64_MAX)) CheckCheckpoint(*stored);
    CompareTiles(edge_.TakeChanged());
    Conclude();
    return Result();
  }

 private:
  void Report(VerifyFinding finding, std::optional<std::uint64_t> index, std::string text) {
    if (issues_.size() < kMaxIssues) issues_.push_back({finding, index, std::move(text)});
  }
  [[nodiscard]] bool Said(std::initializer_list<VerifyFinding> findings) const {
    return std::any_of(issues_.begin(), issues_.end(), [&](const VerifyIssue& issue) {
      return std::find(findings.begin(), findings.end(), issue.finding) != findings.end();
    });
  }
  /// What explains that the rows do not give a signed root.
  [[nodiscard]] bool BreakIsNamed() const {
    using enum VerifyFinding;
    return Said({kLineAltered, kEventDeleted, kReordered, kInserted, kRolledBack, kRewritten});
  }

  void OpenAnchors();
  void CheckNamedKey();
  void Add(const StoredEvent& row);
  void CheckIndex(const StoredEvent& row);
  void CheckLeafHash(const StoredEvent& row, const Digest& leaf);
  void CheckTime(const StoredEvent& row, EventTime time);
  void CheckCheckpoint(const StoredCheckpoint& stored);
  void NoteEpoch(const Event& event);
  [[nodiscard]] bool IsLost(const Checkpoint& anchor) const;
  void CheckAnchorsHere();
  void CompareTiles(const std::vector<Tile>& tiles);
  void Conclude();
  void ConcludeUncovered();
  void ConcludeTiles();
  void ConcludeAnchors();
  [[nodiscard]] VerifyResult Result() const;

  const JournalSource& source_;
  const VerifyAgainst& against_;
  StoredLeaves stored_leaves_;
  CheckpointPages checkpoints_;
  std::string key_;

  TreeEdge edge_;  ///< of the rows as they are
  std::uint64_t next_index_ = 0;
  EventTime last_time_ = EventTime::min();
  std::optional<VerifyIssue> clock_;

  std::optional<Checkpoint> newest_;  ///< of the record, signed by its key
  bool newest_agrees_ = false;
  std::uint64_t newest_row_ = 0;  ///< size of the newest checkpoint row, sound or not
  std::uint64_t last_matching_ = 0;
  std::uint64_t first_disagreeing_ = 0;
  bool another_key_said_ = false;

  std::vector<std::pair<std::uint64_t, std::uint64_t>> epochs_;  ///< epoch, restored size
  std::vector<Checkpoint> anchors_;                              ///< by size
  std::size_t next_anchor_ = 0;
  std::optional<std::uint64_t> anchored_up_to_;
  std::optional<std::uint64_t> anchor_disagrees_;
  std::optional<std::uint64_t> lost_;

  std::uint64_t tiles_compared_ = 0;
  std::optional<TileId> differing_tile_;
  std::vector<VerifyIssue> issues_;
};

void Verifier::OpenAnchors() {
  for (const std::string& note : against_.anchors) {
    switch (StateOf(note, key_)) {
      case NoteState::kSigned:
        anchors_.push_back(*OpenCheckpoint(note, key_));
        break;
      case NoteState::kAnotherKey:
        Report(VerifyFinding::kKeySwapped, std::nullopt,
               "A given checkpoint is signed by another key of this log's name than the record's.");
        break;
      case NoteState::kUnusable:
        throw std::invalid_argument(
            "a given checkpoint is no checkpoint of this log: it is incomplete, mistyped, or of "
            "another log");
    }
  }
  std::sort(anchors_.begin(), anchors_.end(),
            [](const Checkpoint& a, const Checkpoint& b) { return a.tree_size < b.tree_size; });
}

void Verifier::CheckNamedKey() {
  const std::string named = KeyOfFirstEvent(source_);
  if (named.empty() || named == key_) return;
  Report(VerifyFinding::kKeySwapped, 0, "The first event names another key than the given one.");
}

void Verifier::Add(const StoredEvent& row) {
  CheckIndex(row);
  // The tree is built from the bytes themselves: a stored hash proves nothing.
  const Digest leaf = LeafHash(row.line);
  CheckLeafHash(row, leaf);
  std::optional<Event> event;
  try {
    event = ParseEvent(row.line);
    CheckTime(row, ParseEventTime(event->recorded_at).value());
    NoteEpoch(*event);
  } catch (const CanonicalJsonError& error) {
    Report(VerifyFinding::kLineAltered, row.index,
           Row(row.index) + " is no journal event: " + error.what() + ".");
  }
  if (against_.each) against_.each(row, event ? &*event : nullptr);
  edge_.Append(leaf);
  while (const auto stored = checkpoints_.TakeUpTo(edge_.size())) CheckCheckpoint(*stored);
  CheckAnchorsHere();
}

void Verifier::CheckIndex(const StoredEvent& row) {
  if (row.index > next_index_) {
    Report(VerifyFinding::kEventDeleted, next_index_, Row(next_index_) + " is missing.");
  } else if (row.index < next_index_) {
    Report(VerifyFinding::kInserted, row.index, Row(row.index) + " is there twice.");
  }
  next_index_ = row.index + 1;
}

/// Line and stored hash differ; the tiles tell which of the two was touched.
void Verifier::CheckLeafHash(const StoredEvent& row, const Digest& leaf) {
  if (row.leaf_hash == ToHex(leaf)) return;
  if (stored_leaves_.At(row.index) == leaf) {
    Report(VerifyFinding::kLeafHashAltered, row.index,
           Row(row.index) + " has another hash stored beside it than its own.");
  } else {
    Report(VerifyFinding::kLineAltered, row.index,
           Row(row.index) + " is not the text that its stored hash was made from.");
  }
}

void Verifier::CheckTime(const StoredEvent& row, EventTime time) {
  if (row.recorded_ms != time.time_since_epoch().count()) {
    Report(VerifyFinding::kRecordedMsAltered, row.index,
           Row(row.index) + " is filed under another time than its line says.");
  }
  if (time < last_time_ && !clock_) {
    clock_ = {VerifyFinding::kClockMovedBack, row.index,
              Row(row.index) + " is recorded at an earlier time than the one before it."};
  }
  last_time_ = time;
}

void Verifier::CheckCheckpoint(const StoredCheckpoint& stored) {
  newest_row_ = std::max(newest_row_, stored.tree_size);
  const std::string name = "The checkpoint of " + std::to_string(stored.tree_size) + " events";
  const NoteState state = StateOf(stored.note, key_);
  if (state == NoteState::kAnotherKey) {
    if (!std::exchange(another_key_said_, true)) {
      Report(VerifyFinding::kKeySwapped, std::nullopt, name + " is signed by another key.");
    }
    return;
  }
  const auto checkpoint = OpenCheckpoint(stored.note, key_);
  if (!checkpoint) {
    return Report(VerifyFinding::kCheckpointSignatureInvalid, std::nullopt,
                  name + " is not signed by this log's key.");
  }
  if (checkpoint->tree_size != stored.tree_size) {
    return Report(VerifyFinding::kCheckpointAltered, std::nullopt,
                  name + " is filed under another size than it signs.");
  }
  newest_ = *checkpoint;
  newest_agrees_ = checkpoint->tree_size == edge_.size() && checkpoint->root == edge_.Root();
  if (newest_agrees_) {
    last_matching_ = checkpoint->tree_size;
  } else if (first_disagreeing_ == 0 && checkpoint->tree_size <= edge_.size()) {
    first_disagreeing_ = checkpoint->tree_size;
  }
}

void Verifier::NoteEpoch(const Event& event) {
  if (event.type != "log_epoch_opened") return;
  const auto epoch = event.body.find("epoch");
  const auto size = event.body.find("restored_size");
  if (epoch == event.body.end() || size == event.body.end() || !epoch->is_number_unsigned() ||
      !size->is_number_unsigned()) {
    return;  // an event that says nothing excuses nothing
  }
  epochs_.emplace_back(*epoch, *size);
}

/// A restore that the record states ended the anchor's epoch before the events that it covers.
bool Verifier::IsLost(const Checkpoint& anchor) const {
  return std::any_of(epochs_.begin(), epochs_.end(), [&](const auto& opened) {
    return opened.first > anchor.epoch && opened.second < anchor.tree_size;
  });
}

void Verifier::CheckAnchorsHere() {
  for (; next_anchor_ < anchors_.size() && anchors_[next_anchor_].tree_size <= edge_.size();
       ++next_anchor_) {
    const Checkpoint& anchor = anchors_[next_anchor_];
    if (IsLost(anchor)) {
      lost_ = anchor.tree_size;
      continue;
    }
    const bool agrees = anchor.tree_size == 0 || anchor.root == edge_.Root();
    (agrees ? anchored_up_to_ : anchor_disagrees_) = anchor.tree_size;
  }
}

void Verifier::CompareTiles(const std::vector<Tile>& tiles) {
  for (const Tile& tile : tiles) {
    ++tiles_compared_;
    if (!differing_tile_ && source_.tiles(tile.id) != tile.hashes) differing_tile_ = tile.id;
  }
}

void Verifier::Conclude() {
  if (source_.event_count != edge_.size() && !Said({VerifyFinding::kInserted})) {
    // Read in the order of their index, rows that share one can be passed over.
    Report(VerifyFinding::kInserted, std::nullopt, "There are several rows of one index.");
  }
  if (newest_row_ == 0 && edge_.size() > 0) {
    Report(VerifyFinding::kCheckpointDeleted, std::nullopt, "The record has no checkpoint.");
  }
  if (newest_ && !newest_agrees_ && !BreakIsNamed()) {
    const VerifyIssue issue =
        NameTheBreak(source_, {*newest_, edge_.size(), last_matching_, first_disagreeing_ != 0});
    Report(issue.finding, issue.index, issue.text);
  }
  if (newest_agrees_ && newest_row_ < edge_.size() && !BreakIsNamed()) ConcludeUncovered();
  if (newest_agrees_ && first_disagreeing_ != 0 && !BreakIsNamed()) {
    Report(VerifyFinding::kRewritten, std::nullopt,
           "The first " + std::to_string(first_disagreeing_) +
               " events are not those that an older checkpoint of the record covers.");
  }
  if (!BreakIsNamed()) ConcludeTiles();
  ConcludeAnchors();
  if (clock_) issues_.push_back(*clock_);
}

/// Rows behind the newest checkpoint: the tiles tell whether one was taken away or rows were added.
void Verifier::ConcludeUncovered() {
  bool in_tiles = false;
  try {
    in_tiles = TreeEdge(edge_.size(), source_.tiles).Root() == edge_.Root();
  } catch (const TileError&) {
    in_tiles = false;
  }
  Report(in_tiles ? VerifyFinding::kCheckpointDeleted : VerifyFinding::kInserted, newest_row_,
         Row(newest_row_) + " and later ones are covered by no checkpoint.");
}

void Verifier::ConcludeTiles() {
  const std::uint64_t size = edge_.size();
  const std::size_t width = OpenWidth(size, 0);
  if (source_.tiles({0, size / kTileWidth}).size() > width) {
    Report(VerifyFinding::kRolledBack, size,
           "The tiles hold more events than the record, which ends before " + Row(size) + ".");
  } else if (differing_tile_) {
    Report(VerifyFinding::kTileSwapped, std::nullopt,
           "Tile " + std::to_string(differing_tile_->index) + " of level " +
               std::to_string(differing_tile_->level) + " is not that of the events.");
  } else if (source_.tile_count != tiles_compared_) {
    Report(VerifyFinding::kTileSwapped, std::nullopt,
           "There are " + std::to_string(source_.tile_count) + " tiles instead of " +
               std::to_string(tiles_compared_) + ".");
  }
}

/// Checkpoints kept outside tell what the record and its own key cannot: an old copy, a new past.
void Verifier::ConcludeAnchors() {
  if (anchor_disagrees_ && !BreakIsNamed()) {
    Report(VerifyFinding::kRewritten, std::nullopt,
           "The first " + std::to_string(*anchor_disagrees_) +
               " events are not those that a given checkpoint covers.");
  }
  std::optional<std::uint64_t> beyond;
  for (; next_anchor_ < anchors_.size(); ++next_anchor_) {
    const Checkpoint& anchor = anchors_[next_anchor_];
    (IsLost(anchor) ? lost_ : beyond) = anchor.tree_size;
  }
  if (!beyond) return;
  if (Said({VerifyFinding::kRolledBack, VerifyFinding::kEventDeleted})) return;
  Report(VerifyFinding::kRolledBack, edge_.size(),
         "A given checkpoint covers " + std::to_string(*beyond) + " events, the record holds " +
             std::to_string(edge_.size()) + ".");
}

VerifyResult Verifier::Result() const {
  VerifyResult result{
      VerifyFinding::kUnanchored, issues_, edge_.size(), edge_.Root(), anchored_up_to_, lost_};
  if (!issues_.empty()) {
    result.finding = issues_.front().finding;
  } else if (anchored_up_to_) {
    result.finding = VerifyFinding::kConsistent;
  }
  return result;
}

}  // namespace

VerifyResult VerifyJournal(const JournalSource& source, const VerifyAgainst& against) {
  return Verifier(source, against).Run();
}

NoteState StateOf(std::string_view note, std::string_view verifier_key) {
  if (OpenCheckpoint(note, verifier_key)) return NoteState::kSigned;
  const auto verifier = DecodeVerifier(verifier_key);
  return verifier && NamesAnotherKey(note, *verifier) ? NoteState::kAnotherKey
                                                      : NoteState::kUnusable;
}

}  // namespace sop::journal
