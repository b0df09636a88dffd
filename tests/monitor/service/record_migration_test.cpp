#include <cstdlib>
#include <fstream>

#include "monitor/service/projection.h"
#include "tests/monitor/service/record_fixture.h"

namespace monitor::service {
namespace {

const std::string kFixtures = std::string(ETALON_SOURCE_DIR) + "/tests/monitor/service/fixtures/";

class MigrationTest : public RecordTest {
 protected:
  /// Puts a record of an earlier version, kept as SQL text with its key, in the place of this one.
  void Restore(const std::string& version) {
    record_.reset();
    std::filesystem::remove_all(dir_);
    std::filesystem::create_directory(dir_);
    std::filesystem::copy(kFixtures + version + ".key", dir_ + "/log.key");
    const std::string command =
        "sqlite3 '" + database_->where() + "' < '" + kFixtures + version + ".sql'";
    ASSERT_EQ(std::system(command.c_str()), 0);
    SetClock("2026-03-02T09:00:00Z");
  }
};

// A schema of a server's database began with version 2.
TEST_F(MigrationTest, ARecordOfVersion1BecomesOneOfTheNewest) {
  if (OnPostgresql()) GTEST_SKIP() << "kept as SQLite's text";
  Restore("version1");
  Open();  // checks every event against the last checkpoint
  EXPECT_EQ(record_->Events(0, 1).at("tree_size"), 53);
  EXPECT_EQ(VerdictName(), "in_spec");
  EXPECT_EQ(ProblemOf([&] { (void)Verdict("2026-03-01T08:00:00Z"); }), "unknown_instrument");
  EXPECT_EQ(record_->Measurements({"lsm-1", "", "", "", 100}, {}).at("items").size(), 21U);
  // What the migration made of the read tables is what the journal makes of them.
  const std::string migrated = record_->DumpDigest();
  EXPECT_EQ(record_->Rebuild(), migrated);
  record_->Submit(Submission(100, 0.8, "2026-03-01T08:30:00Z"), "ana");
  Open();
  EXPECT_EQ(record_->Events(0, 1).at("tree_size"), 55);
}

// The order of the ids is that of their bytes, whatever the server's language.
TEST_F(MigrationTest, TheSameJournalGivesTheSameRowsOnEitherEngine) {
  if (!OnPostgresql()) GTEST_SKIP() << "about two engines";
  ApplyFacility();
  for (const char* id : {"b", "A", "a-1", "a_1", "B", "a1"}) {
    record_->Command("instrument_registered", {{"id", id}, {"name", "\xC3\xA9 \"quoted\" \\"}},
                     "admin");
  }
  for (int i = 0; i < 30; ++i) {
    record_->Submit(Submission(i, i % 3 == 0 ? 2.0 : 0.8, "2026-03-01T08:30:00Z"), "ana");
  }
  const Json hold =
      record_->Command("hold_placed", {{"instrument", "lsm-1"}, {"reason", "laser"}}, "admin");
  record_->Command("hold_released",
                   {{"hold", "hold-" + hold.at("log_index").dump()}, {"reason", "repaired"}},
                   "admin");
  record_.reset();
  const sop::store::Store server(database_->where(), sop::store::Access::kReadOnly);
  sop::store::Store file(dir_ + "/copy.db");
  const auto copy = file.Begin();
  for (const auto& row : server.Read()->Events(0, 1000)) {
    copy->AppendEvent(row);
    Project(*copy, {row.idx, row.recorded_ms, sop::journal::ParseEvent(row.line)});
  }
  const auto lines = [](const sop::store::Reader& tables) {
    std::vector<std::string> all;
    tables.Dump([&](std::string_view line) { all.emplace_back(line); });
    return all;
  };
  const auto expected = lines(*copy);
  EXPECT_GT(expected.size(), 70U);
  EXPECT_EQ(lines(*server.Read()), expected);
}

}  // namespace
}  // namespace monitor::service
