#include "sop/journal/verify.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace sop::journal {
namespace {

struct Row {
  std::uint64_t index;
  std::string line;
  Digest leaf_hash;
};

std::string Line(int i, const std::string& note = "") {
  const EventTime time = EventTime(std::chrono::seconds(1'700'000'000 + 60 * i));
  return EventLine({"hold_placed",
                    1,
                    FormatEventTime(time),
                    "admin",
                    {{"id", "hold-" + std::to_string(i)}, {"note", note}}});
}
Row RowOf(std::uint64_t index, std::string line) {
  const Digest hash = LeafHash(line);
  return {index, std::move(line), hash};
}

/// A journal of 20 events with a checkpoint every 5, as a test may tamper with it.
struct Journal {
  LogKey key = GenerateLogKey("example.org/etalon");
  std::vector<Row> rows;
  std::vector<std::string> notes;
  std::vector<std::string> anchors;

  explicit Journal(int count = 20) {
    for (int i = 0; i < count; ++i) rows.push_back(RowOf(static_cast<std::uint64_t>(i), Line(i)));
    SignAll();
  }
  void SignAll() {
    notes.clear();
    TreeEdge tree;
    for (const Row& row : rows) {
      tree.Append(row.leaf_hash);
      if (tree.size() % 5 == 0) notes.push_back(Sign(tree));
    }
    if (tree.size() % 5 != 0 || rows.empty()) notes.push_back(Sign(tree));
  }
  [[nodiscard]] std::string Sign(const TreeEdge& tree) const {
    return SignCheckpoint({key.origin, tree.size(), tree.Root()}, key);
  }
  void Renumber() {
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i].index = i;
  }
  [[nodiscard]] VerifyResult Verify(bool with_history = true) const {
    std::vector<std::string> history;
    if (with_history) history.assign(notes.begin(), notes.end() - 1);
    JournalVerifier verifier({key.VerifierKey(), notes.back(), history, anchors});
    for (const Row& row : rows) verifier.Add({row.index, row.line, row.leaf_hash});
    return verifier.Finish();
  }
};

void Expect(const VerifyResult& result, VerifyFinding finding, std::optional<std::uint64_t> index) {
  ASSERT_FALSE(result.issues.empty());
  EXPECT_EQ(Name(result.finding), Name(finding)) << result.issues[0].text;
  EXPECT_EQ(result.issues[0].index, index) << result.issues[0].text;
  EXPECT_EQ(result.issues[0].text.back(), '.');
}

TEST(JournalVerifier, WholeIsUnanchoredUntilACheckpointFromOutsideIsGiven) {
  Journal journal;
  VerifyResult result = journal.Verify();
  EXPECT_EQ(result.finding, VerifyFinding::kUnanchored);
  EXPECT_TRUE(result.whole());
  EXPECT_EQ(result.rows, 20U);
  EXPECT_FALSE(result.anchored_up_to);
  journal.anchors = {journal.notes[0], journal.notes[2]};
  result = journal.Verify();
  EXPECT_EQ(result.finding, VerifyFinding::kConsistent);
  EXPECT_EQ(result.anchored_up_to, 15U);
}

TEST(JournalVerifier, AnEmptyJournalIsWhole) {
  Journal journal(0);
  EXPECT_TRUE(journal.Verify().whole());
}

TEST(JournalVerifier, NamesAnAlteredLine) {
  Journal journal;
  journal.rows[7].line = Line(7, "edited");
  Expect(journal.Verify(), VerifyFinding::kLineAltered, 7);
  // With its hash recomputed only the signed root tells, and older ones tell where.
  journal.rows[7].leaf_hash = LeafHash(journal.rows[7].line);
  const VerifyResult result = journal.Verify();
  Expect(result, VerifyFinding::kLineAltered, std::nullopt);
  EXPECT_EQ(result.issues[0].text, "An event was altered at or after event 5.");
  EXPECT_EQ(journal.Verify(false).finding, VerifyFinding::kLineAltered);
}

TEST(JournalVerifier, NamesALineThatIsNoEvent) {
  Journal journal;
  journal.rows[3] = RowOf(3, "{}");
  journal.SignAll();
  Expect(journal.Verify(), VerifyFinding::kLineAltered, 3);
}

TEST(JournalVerifier, NamesADeletedEvent) {
  Journal journal;
  journal.rows.erase(journal.rows.begin() + 7);
  Expect(journal.Verify(), VerifyFinding::kEventDeleted, 7);
  journal.Renumber();
  Expect(journal.Verify(), VerifyFinding::kEventDeleted, std::nullopt);
}

TEST(JournalVerifier, NamesACutTail) {
  Journal journal;
  journal.rows.resize(17);
  Expect(journal.Verify(), VerifyFinding::kRolledBack, 17);
  Expect(journal.Verify(false), VerifyFinding::kRolledBack, 17);
}

TEST(JournalVerifier, NamesAnOldCopyByACheckpointInHand) {
  Journal journal;
  const std::string seen = journal.notes.back();
  journal.rows.resize(15);
  journal.SignAll();
  EXPECT_EQ(journal.Verify().finding, VerifyFinding::kUnanchored);
  journal.anchors = {seen};
  Expect(journal.Verify(), VerifyFinding::kRolledBack, 15);
}

TEST(JournalVerifier, NamesAPastRewrittenWithTheLogsOwnKey) {
  Journal journal;
  const std::vector<std::string> seen = journal.notes;
  journal.rows[7] = RowOf(7, Line(7, "rewritten"));
  journal.SignAll();
  EXPECT_EQ(journal.Verify().finding, VerifyFinding::kUnanchored);
  journal.anchors = {seen[0]};
  EXPECT_EQ(journal.Verify().finding, VerifyFinding::kConsistent);
  journal.anchors = {seen[0], seen[1]};
  const VerifyResult result = journal.Verify();
  Expect(result, VerifyFinding::kRewritten, std::nullopt);
  EXPECT_EQ(result.anchored_up_to, 5U);
}

TEST(JournalVerifier, NamesExchangedEvents) {
  Journal journal;
  std::swap(journal.rows[6], journal.rows[8]);
  EXPECT_EQ(journal.Verify().finding, VerifyFinding::kEventDeleted);  // index 8 where 6 was due
  journal.Renumber();
  Expect(journal.Verify(), VerifyFinding::kReordered, 6);
}

TEST(JournalVerifier, NamesAnInsertedEvent) {
  Journal journal;
  journal.rows.insert(journal.rows.begin() + 8, RowOf(8, Line(8, "extra")));
  Expect(journal.Verify(), VerifyFinding::kInserted, 8);  // two rows of one index
  journal.Renumber();
  Expect(journal.Verify(), VerifyFinding::kInserted, 8);
  Journal appended;
  appended.rows.push_back(RowOf(20, Line(20)));
  Expect(appended.Verify(), VerifyFinding::kInserted, 20);
}

TEST(JournalVerifier, NamesAClockThatMovedBack) {
  Journal journal;
  journal.rows[9] = RowOf(9, Line(2, "again"));
  journal.SignAll();
  Expect(journal.Verify(), VerifyFinding::kClockMovedBack, 9);
}

TEST(JournalVerifier, NamesAnotherKey) {
  Journal journal;
  const Journal other;
  journal.notes.back() = other.notes.back();
  Expect(journal.Verify(), VerifyFinding::kCheckpointSignatureInvalid, std::nullopt);
  Journal anchored;
  anchored.anchors = {other.notes[1]};
  Expect(anchored.Verify(), VerifyFinding::kCheckpointSignatureInvalid, std::nullopt);
  Journal empty;
  empty.notes.back() = "";
  Expect(empty.Verify(), VerifyFinding::kCheckpointSignatureInvalid, std::nullopt);
}

// Whatever one row is changed to, the journal is never called whole.
TEST(JournalVerifier, NoSingleChangeGoesUnseen) {
  for (std::size_t i = 0; i < 20; ++i) {
    Journal deleted;
    deleted.rows.erase(deleted.rows.begin() + static_cast<std::ptrdiff_t>(i));
    deleted.Renumber();
    EXPECT_FALSE(deleted.Verify(false).whole()) << i;
    Journal edited;
    edited.rows[i] = RowOf(i, Line(static_cast<int>(i), "x"));
    EXPECT_FALSE(edited.Verify(false).whole()) << i;
    for (std::size_t j = i + 1; j < 20; ++j) {
      Journal swapped;
      std::swap(swapped.rows[i], swapped.rows[j]);
      swapped.Renumber();
      EXPECT_EQ(swapped.Verify(false).finding, VerifyFinding::kReordered) << i << " " << j;
    }
  }
}

}  // namespace
}  // namespace sop::journal
