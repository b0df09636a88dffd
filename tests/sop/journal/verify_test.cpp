#include "sop/journal/verify.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/support/memory_tree.h"

namespace sop::journal {
namespace {

std::string Line(int i, const std::string& note = "") {
  const EventTime time = EventTime(std::chrono::seconds(1'700'000'000 + 60 * i));
  return EventLine({"hold_placed",
                    1,
                    FormatEventTime(time),
                    "admin",
                    {{"id", "hold-" + std::to_string(i)}, {"note", note}}});
}
std::int64_t MsOf(const std::string& line) {
  return ParseEventTime(ParseEvent(line).recorded_at)->time_since_epoch().count();
}
StoredEvent RowOf(std::uint64_t index, const std::string& line) {
  return {index, line, ToHex(LeafHash(line)), line == "{}" ? 0 : MsOf(line)};
}

/// A journal of 20 events with a checkpoint every 5, as a test may tamper with it.
struct Journal {
  LogKey key = GenerateLogKey("example.org/etalon");
  std::vector<StoredEvent> rows;
  std::vector<StoredCheckpoint> checkpoints;
  std::map<TileId, std::vector<Digest>> tiles;
  VerifyAgainst against;

  explicit Journal(int count = 20) {
    rows.push_back(RowOf(0, EventLine({"log_opened",
                                       1,
                                       "2020-01-01T00:00:00.000Z",
                                       "service",
                                       {{"verifier_key", key.VerifierKey()}}})));
    for (int i = 1; i < count; ++i) rows.push_back(RowOf(static_cast<std::uint64_t>(i), Line(i)));
    rows.resize(static_cast<std::size_t>(count));
    SignAll();
  }
  /// What only the holder of the log's key can do.
  void SignAll() {
    checkpoints.clear();
    TreeEdge tree;
    for (const StoredEvent& row : rows) {
      tree.Append(LeafHash(row.line));
      if (tree.size() % 5 == 0 || tree.size() == rows.size()) {
        checkpoints.push_back(
            {tree.size(), SignCheckpoint({key.origin, tree.size(), tree.Root()}, key)});
      }
    }
    HashAll();
  }
  /// What anyone can do: the hashes have no key.
  void HashAll() {
    MemoryTree tree;
    for (StoredEvent& row : rows) {
      row.leaf_hash = ToHex(LeafHash(row.line));
      tree.Append(LeafHash(row.line));
    }
    tiles = tree.stored();
  }
  void Renumber() {
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i].index = i;
  }
  [[nodiscard]] VerifyResult Verify() const {
    constexpr std::size_t kPage = 3;
    JournalSource source;
    source.events = [this](std::uint64_t from) {
      std::vector<StoredEvent> page;
      for (const auto& row : rows) {
        if (row.index >= from && page.size() < kPage) page.push_back(row);
      }
      return page;
    };
    source.checkpoints = [this](std::uint64_t after) {
      std::vector<StoredCheckpoint> page;
      for (const auto& row : checkpoints) {
        if (row.tree_size > after && page.size() < kPage) page.push_back(row);
      }
      return page;
    };
    source.tiles = [this](const TileId& id) {
      const auto found = tiles.find(id);
      return found == tiles.end() ? std::vector<Digest>() : found->second;
    };
    source.event_count = rows.size();
    source.tile_count = tiles.size();
    return VerifyJournal(source, against);
  }
};

using Issue = std::pair<std::string, std::optional<std::uint64_t>>;
constexpr auto kNowhere = std::nullopt;

void Expect(const VerifyResult& result, const std::vector<Issue>& expected) {
  std::vector<Issue> found;
  for (const VerifyIssue& issue : result.issues) {
    found.emplace_back(Name(issue.finding), issue.index);
    EXPECT_EQ(issue.text.back(), '.');
  }
  EXPECT_EQ(found, expected) << (found.empty() ? "" : result.issues[0].text);
}

TEST(VerifyJournal, WholeIsUnanchoredUntilACheckpointFromOutsideIsGiven) {
  Journal journal;
  VerifyResult result = journal.Verify();
  EXPECT_EQ(result.finding, VerifyFinding::kUnanchored);
  EXPECT_TRUE(result.whole());
  EXPECT_EQ(result.rows, 20U);
  EXPECT_FALSE(result.anchored_up_to);
  journal.against.anchors = {journal.checkpoints[2].note, journal.checkpoints[0].note};
  result = journal.Verify();
  EXPECT_EQ(result.finding, VerifyFinding::kConsistent);
  EXPECT_EQ(result.anchored_up_to, 15U);
}

TEST(VerifyJournal, AnEmptyJournalIsWhole) { EXPECT_TRUE(Journal(0).Verify().whole()); }

TEST(VerifyJournal, ShowsEachRowWithItsEvent) {
  Journal journal;
  journal.rows[3] = RowOf(3, "{}");
  std::vector<bool> events;
  journal.against.each = [&](const StoredEvent& row, const Event* event) {
    EXPECT_EQ(row.index, events.size());
    events.push_back(event != nullptr);
  };
  (void)journal.Verify();
  ASSERT_EQ(events.size(), 20U);
  EXPECT_FALSE(events[3]);
  EXPECT_TRUE(events[4]);
}

TEST(VerifyJournal, NamesAnAlteredLine) {
  Journal journal;
  journal.rows[7].line = Line(7, "edited");
  Expect(journal.Verify(), {{"line_altered", 7}});
  journal.rows[7].leaf_hash = ToHex(LeafHash(journal.rows[7].line));
  Expect(journal.Verify(), {{"line_altered", 7}});  // the tiles still tell which
  journal.HashAll();
  const VerifyResult result = journal.Verify();  // only the signature is left to tell
  ASSERT_FALSE(result.whole());
  Expect(result, {{"line_altered", kNowhere}});
  EXPECT_EQ(result.issues[0].text, "An event was altered at or after event 5.");
}

TEST(VerifyJournal, NamesALineThatIsNoEvent) {
  Journal journal;
  journal.rows[3] = RowOf(3, "{}");
  journal.SignAll();
  Expect(journal.Verify(), {{"line_altered", 3}});
}

TEST(VerifyJournal, NamesAColumnBesideASoundLine) {
  Journal journal;
  journal.rows[3].leaf_hash = std::string(64, '0');
  journal.rows[4].leaf_hash = "no hash";
  journal.rows[5].recorded_ms += 1;
  Expect(journal.Verify(),
         {{"leaf_hash_altered", 3}, {"leaf_hash_altered", 4}, {"recorded_ms_altered", 5}});
}

TEST(VerifyJournal, NamesADeletedEvent) {
  Journal journal;
  journal.rows.erase(journal.rows.begin() + 7);
  Expect(journal.Verify(), {{"event_deleted", 7}});
  journal.Renumber();
  Expect(journal.Verify(), {{"event_deleted", 7}});
  journal.HashAll();
  Expect(journal.Verify(), {{"event_deleted", kNowhere}});
}

TEST(VerifyJournal, NamesACutTail) {
  Journal journal;
  journal.rows.resize(17);
  Expect(journal.Verify(), {{"rolled_back", 17}});
  journal.checkpoints.resize(3);
  journal.rows.resize(15);
  Expect(journal.Verify(), {{"rolled_back", 15}});  // the tiles hold more than the rows
  journal.HashAll();
  EXPECT_TRUE(journal.Verify().whole());  // an old copy: see below
}

TEST(VerifyJournal, NamesAnOldCopyByACheckpointInHand) {
  Journal journal;
  journal.against.anchors = {journal.checkpoints.back().note};
  journal.rows.resize(15);
  journal.checkpoints.resize(3);
  journal.HashAll();
  Expect(journal.Verify(), {{"rolled_back", 15}});
}

TEST(VerifyJournal, NamesAPastRewrittenWithTheLogsOwnKey) {
  Journal journal;
  const std::vector<StoredCheckpoint> seen = journal.checkpoints;
  journal.rows[7] = RowOf(7, Line(7, "rewritten"));
  journal.SignAll();
  EXPECT_EQ(journal.Verify().finding, VerifyFinding::kUnanchored);
  journal.against.anchors = {seen[0].note};
  EXPECT_EQ(journal.Verify().finding, VerifyFinding::kConsistent);
  journal.against.anchors = {seen[0].note, seen[1].note};
  const VerifyResult result = journal.Verify();
  Expect(result, {{"rewritten", kNowhere}});
  EXPECT_EQ(result.anchored_up_to, 5U);
  journal.against.anchors.clear();
  journal.checkpoints[1] = seen[1];
  Expect(journal.Verify(), {{"rewritten", kNowhere}});
}

TEST(VerifyJournal, WhatARecordedRestoreLostIsNoRollback) {
  Journal journal;
  const auto seen = journal.checkpoints;
  journal.rows.resize(12);
  journal.rows.push_back(RowOf(12, EventLine({"log_epoch_opened",
                                              1,
                                              FormatEventTime(EventTime(std::chrono::years(60))),
                                              "service",
                                              {{"epoch", 2}, {"restored_size", 12}}})));
  journal.SignAll();
  journal.against.anchors = {seen[2].note, seen[3].note};  // of 15 and 20 events
  VerifyResult result = journal.Verify();
  EXPECT_TRUE(result.whole());
  EXPECT_EQ(result.lost_with_restore, 20U);
  EXPECT_EQ(result.finding, VerifyFinding::kUnanchored);
  journal.against.anchors.push_back(seen[1].note);
  result = journal.Verify();
  EXPECT_EQ(result.finding, VerifyFinding::kConsistent);
  EXPECT_EQ(result.anchored_up_to, 10U);
}

TEST(VerifyJournal, NamesExchangedEvents) {
  Journal journal;
  std::swap(journal.rows[6], journal.rows[8]);
  journal.Renumber();
  Expect(journal.Verify(), {{"reordered", 6}, {"clock_moved_back", 7}});
  journal.HashAll();
  Expect(journal.Verify(), {{"reordered", 6}, {"clock_moved_back", 7}});  // by their times
}

TEST(VerifyJournal, NamesAnInsertedEvent) {
  Journal journal;
  journal.rows.insert(journal.rows.begin() + 9, RowOf(8, Line(8, "extra")));
  Expect(journal.Verify(), {{"inserted", kNowhere}});  // two rows of one index, on two pages
  std::swap(journal.rows[8], journal.rows[9]);
  journal.Renumber();
  Expect(journal.Verify(), {{"inserted", 8}});
  journal.HashAll();
  Expect(journal.Verify(), {{"inserted", kNowhere}});
  Journal appended;
  appended.rows.push_back(RowOf(20, Line(20)));
  Expect(appended.Verify(), {{"inserted", 20}});
}

TEST(VerifyJournal, NamesAClockThatMovedBack) {
  Journal journal;
  journal.rows[9] = RowOf(9, Line(2, "again"));
  journal.SignAll();
  Expect(journal.Verify(), {{"clock_moved_back", 9}});
}

TEST(VerifyJournal, NamesAnotherKey) {
  const Journal other;
  Journal journal;
  journal.checkpoints = other.checkpoints;
  Expect(journal.Verify(), {{"key_swapped", kNowhere}});
  Journal anchored;
  anchored.against.anchors = {other.checkpoints[1].note};
  Expect(anchored.Verify(), {{"key_swapped", kNowhere}});
  Journal named;
  named.against.log_key = other.key.VerifierKey();
  Expect(named.Verify(), {{"key_swapped", 0}, {"key_swapped", kNowhere}});
  named.against.log_key = named.key.VerifierKey();
  EXPECT_TRUE(named.Verify().whole());
}

TEST(VerifyJournal, AGivenCheckpointThatIsNoneIsAnErrorOfItsGiver) {
  Journal journal;
  const std::string note = journal.checkpoints[1].note;
  const LogKey elsewhere = GenerateLogKey("example.org/elsewhere");
  std::string mistyped = note;
  mistyped[note.size() - 20] = mistyped[note.size() - 20] == 'A' ? 'B' : 'A';
  for (const std::string& bad : {std::string(), note.substr(1), note.substr(0, 40), mistyped,
                                 SignCheckpoint({elsewhere.origin, 5, {}}, elsewhere)}) {
    journal.against.anchors = {bad};
    EXPECT_THROW((void)journal.Verify(), std::invalid_argument) << bad;
  }
}

TEST(VerifyJournal, NamesWhatWasDoneToCheckpoints) {
  Journal deleted;
  deleted.checkpoints.pop_back();
  Expect(deleted.Verify(), {{"checkpoint_deleted", 15}});
  deleted.checkpoints.clear();
  Expect(deleted.Verify(), {{"checkpoint_deleted", kNowhere}});
  Journal spoilt;
  spoilt.checkpoints[3].note[0] = 'X';
  Expect(spoilt.Verify(), {{"checkpoint_signature_invalid", kNowhere}});
  spoilt.checkpoints[3].note = spoilt.checkpoints[2].note;
  Expect(spoilt.Verify(), {{"checkpoint_altered", kNowhere}});
}

TEST(VerifyJournal, NamesTilesThatAreNotThoseOfTheEvents) {
  const Journal whole(600);
  EXPECT_TRUE(whole.Verify().whole());
  for (const auto& [id, hashes] : whole.tiles) {
    Journal journal = whole;
    journal.tiles[id][hashes.size() / 2][5] ^= 1;
    Expect(journal.Verify(), {{"tile_swapped", kNowhere}});
    journal.tiles.erase(id);
    Expect(journal.Verify(), {{"tile_swapped", kNowhere}});
  }
  Journal exchanged = whole;
  std::swap(exchanged.tiles[{0, 0}], exchanged.tiles[{0, 1}]);
  Expect(exchanged.Verify(), {{"tile_swapped", kNowhere}});
  Journal more = whole;
  more.tiles[{1, 7}] = {LeafHash("x")};
  Expect(more.Verify(), {{"tile_swapped", kNowhere}});
}

// Whatever one row is changed to, with every hash made anew, the journal is never called whole.
TEST(VerifyJournal, NoSingleChangeGoesUnseen) {
  const Journal whole;
  for (std::size_t i = 0; i < 20; ++i) {
    Journal deleted = whole;
    deleted.rows.erase(deleted.rows.begin() + static_cast<std::ptrdiff_t>(i));
    deleted.Renumber();
    deleted.HashAll();
    EXPECT_FALSE(deleted.Verify().whole()) << i;
    Journal edited = whole;
    edited.rows[i] = RowOf(i, Line(static_cast<int>(i), "x"));
    edited.HashAll();
    EXPECT_FALSE(edited.Verify().whole()) << i;
    for (std::size_t j = i + 1; j < 20; ++j) {
      Journal swapped = whole;
      std::swap(swapped.rows[i], swapped.rows[j]);
      swapped.Renumber();
      swapped.HashAll();
      EXPECT_FALSE(swapped.Verify().whole()) << i << " " << j;
    }
  }
}

}  // namespace
}  // namespace sop::journal
