#include "sop/store/store.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "sop/journal/tiles.h"
#include "sop/store/connection.h"
#include "sop/store/schema.h"
#include "tests/support/test_database.h"

namespace sop::store {
namespace {

class StoreTest : public ::testing::Test {
 protected:
  StoreTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "store test XXXXXX").string();
    dir_ = mkdtemp(pattern.data());
    database_ = std::make_unique<TestDatabase>(dir_);
    path_ = database_->where();
  }
  ~StoreTest() override { std::filesystem::remove_all(dir_); }

  static bool OnPostgresql() { return TestDatabase::OnPostgresql(); }

  static std::vector<std::string> Attacks() {
    std::vector<std::string> attacks = {
        "UPDATE event SET line = 'x' WHERE idx = 0",
        "DELETE FROM event WHERE idx = 1",
        "INSERT INTO event VALUES (3, 'x', 'y', 0)",
        "INSERT INTO checkpoint VALUES (1, 'x')",
        "UPDATE checkpoint SET note = 'x'",
        "DELETE FROM checkpoint",
        "UPDATE tile SET hashes = 'aabb'",
        "UPDATE tile SET idx = 1",
        "DELETE FROM tile",
    };
    const std::vector<std::string> of_sqlite = {
        "INSERT OR REPLACE INTO event VALUES (0, 'x', 'y', 0)",
        "REPLACE INTO event VALUES (1, 'x', 'y', 0)",
        "INSERT OR REPLACE INTO checkpoint VALUES (2, 'x')",
        "INSERT OR REPLACE INTO tile VALUES (0, 0, 'aaxxcc')",
        "INSERT OR REPLACE INTO tile VALUES (0, 0, 'aabb')",
    };
    const std::vector<std::string> of_postgresql = {
        "INSERT INTO event VALUES (0, 'x', 'y', 0) ON CONFLICT (idx) DO UPDATE SET line = 'x'",
        "TRUNCATE event CASCADE",
        "TRUNCATE checkpoint",
        "TRUNCATE tile",
        "INSERT INTO tile VALUES (0, 0, 'aabb') ON CONFLICT (level, idx) "
        "DO UPDATE SET hashes = excluded.hashes",
    };
    const auto& more = OnPostgresql() ? of_postgresql : of_sqlite;
    attacks.insert(attacks.end(), more.begin(), more.end());
    return attacks;
  }

  static EventRow Event(std::int64_t idx) {
    return {idx, "{\"n\":" + std::to_string(idx) + "}", std::string(64, 'a'), 1000 + idx};
  }

  std::string dir_;
  std::unique_ptr<TestDatabase> database_;
  std::string path_;  ///< or URL: what a Store takes
};

TEST_F(StoreTest, KeepsEventsVerbatimAcrossReopening) {
  const std::string line = "{\"text\":\"\xC3\xA9 'quoted' \\u0000 :p1 \xE2\x82\xAC\"}";
  {
    Store store(path_);
    auto transaction = store.Begin();
    transaction->AppendEvent({0, line, "00", 1700000000123});
    transaction->AppendCheckpoint({1, "note\n"});
    transaction->Commit();
  }
  const Store store(path_, Access::kReadOnly);
  const auto snapshot = store.Read();
  ASSERT_EQ(snapshot->EventCount(), 1);
  EXPECT_EQ(snapshot->Event(0)->line, line);
  EXPECT_EQ(snapshot->Event(0)->recorded_ms, 1700000000123);
  EXPECT_EQ(snapshot->LastCheckpoint()->note, "note\n");
  EXPECT_FALSE(snapshot->Event(1).has_value());
}

TEST_F(StoreTest, WhatIsNotCommittedIsNotThere) {
  Store store(path_);
  {
    auto transaction = store.Begin();
    transaction->AppendEvent(Event(0));
    EXPECT_EQ(transaction->EventCount(), 1);
    EXPECT_EQ(store.Read()->EventCount(), 0);
  }
  EXPECT_EQ(store.Read()->EventCount(), 0);
}

TEST_F(StoreTest, ARecordWithoutPeopleIsGivenTheirTables) {
  {
    Connection connection(path_, Access::kReadWrite);
    Migrate(connection, 3);
    Transaction transaction(connection);
    transaction.AppendEvent(Event(0));
    transaction.Commit();
  }
  EXPECT_THROW(Store(path_, Access::kReadOnly), StoreError) << "a reader migrates nothing";
  Store store(path_);
  EXPECT_EQ(store.Read()->EventCount(), 1);
  auto transaction = store.Begin();
  transaction->SetPassword({"ana", "hash", 1, false});
  transaction->Put(Table::kAccount, {"ana", "", 0, kForever, 1, "{}"});
  transaction->Commit();
  EXPECT_EQ(store.Read()->Password("ana")->hash, "hash");
  EXPECT_TRUE(store.Read()->Row(Table::kAccount, "ana", 1));
}

TEST_F(StoreTest, AnUndonePartLeavesTheRestOfTheTransaction) {
  Store store(path_);
  auto transaction = store.Begin();
  transaction->AppendEvent(Event(0));
  transaction->Mark();
  transaction->AppendEvent(Event(1));
  transaction->UndoMarked();
  transaction->Mark();
  transaction->AppendEvent(Event(1));
  transaction->KeepMarked();
  transaction->Commit();
  EXPECT_EQ(store.Read()->EventCount(), 2);
}

TEST_F(StoreTest, ASnapshotDoesNotMove) {
  Store store(path_);
  const auto before = store.Read();
  EXPECT_EQ(before->EventCount(), 0);
  auto transaction = store.Begin();
  transaction->AppendEvent(Event(0));
  transaction->Commit();
  EXPECT_EQ(before->EventCount(), 0);
  EXPECT_EQ(store.Read()->EventCount(), 1);
}

// A peer's records could be rewritten by INSERT OR REPLACE although triggers guarded UPDATE.
TEST_F(StoreTest, NobodyRewritesTheJournalThroughSql) {
  {
    Store store(path_);
    auto transaction = store.Begin();
    transaction->AppendEvent(Event(0));
    transaction->AppendEvent(Event(1));
    transaction->AppendCheckpoint({2, "note"});
    transaction->PutTile({0, 0, "aabb"});
    transaction->PutTile({0, 0, "aabbcc"});
    transaction->Commit();
  }
  Connection stranger(path_, Access::kReadWrite);
  if (!OnPostgresql()) stranger.Execute("PRAGMA recursive_triggers = OFF");
  for (const std::string& attack : Attacks()) {
    EXPECT_THROW(stranger.Execute(attack), StoreError) << attack;
  }
  const Store store(path_);
  EXPECT_EQ(store.Read()->Tile(0, 0)->hashes, "aabbcc");
  EXPECT_EQ(store.Read()->TileCount(), 1);
  const auto snapshot = store.Read()->Events(0, 10);
  ASSERT_EQ(snapshot.size(), 2U);
  EXPECT_EQ(snapshot[0].line, Event(0).line);
  EXPECT_EQ(snapshot[1].line, Event(1).line);
}

TEST_F(StoreTest, RegistersAnswerAsOfAnyEvent) {
  Store store(path_);
  auto transaction = store.Begin();
  for (std::int64_t idx = 0; idx < 4; ++idx) transaction->AppendEvent(Event(idx));
  transaction->Put(Table::kInstrument, {"lsm-1", "", 1, kForever, 1001, "{\"name\":\"old\"}"});
  transaction->Put(Table::kInstrument, {"lsm-1", "", 2, kForever, 1002, "{\"name\":\"new\"}"});
  transaction->Close(Table::kInstrument, "lsm-1", 3);
  transaction->Commit();
  const auto snapshot = store.Read();
  EXPECT_FALSE(snapshot->Row(Table::kInstrument, "lsm-1", 1).has_value());
  EXPECT_EQ(snapshot->Row(Table::kInstrument, "lsm-1", 2)->body, "{\"name\":\"old\"}");
  EXPECT_EQ(snapshot->Row(Table::kInstrument, "lsm-1", 3)->body, "{\"name\":\"new\"}");
  EXPECT_FALSE(snapshot->Row(Table::kInstrument, "lsm-1", 4).has_value());
  EXPECT_EQ(snapshot->Versions(Table::kInstrument, "lsm-1", 4).size(), 2U);
  EXPECT_EQ(snapshot->Rows(Table::kInstrument, 3).size(), 1U);
  EXPECT_EQ(snapshot->RegistersChanged(9), 3);
  EXPECT_EQ(snapshot->RegistersChanged(3), 2);
  EXPECT_EQ(snapshot->RegistersChanged(1), -1);
  EXPECT_EQ(snapshot->EventsRecordedBy(999), 0);
  EXPECT_EQ(snapshot->EventsRecordedBy(1001), 2);
  EXPECT_EQ(snapshot->EventsRecordedBy(5000), 4);
}

TEST_F(StoreTest, MeasurementsPageNewestFirst) {
  Store store(path_);
  auto transaction = store.Begin();
  for (std::int64_t i = 0; i < 6; ++i) {
    transaction->AppendEvent(Event(2 * i));
    transaction->AppendEvent(Event(2 * i + 1));
    transaction->AddMeasurement({"key" + std::to_string(i), "lsm-1", i % 2 ? "20x" : "63x",
                                 "PSF-03", "as_found", "2026-01-01T00:00:00Z", 100 - i, "", 2 * i,
                                 2 * i + 1, "pass", "released_by_rule", "{}"});
    transaction->AddQuantity({"key" + std::to_string(i), 0, i % 2 ? "lsm-1/20x" : "lsm-1/63x",
                              "psf.fwhm.z", "etalon.gauss3d/1", i < 3 ? "0" : "", "", 100 - i,
                              2 * i + 1, "{}"});
  }
  transaction->Commit();
  const auto snapshot = store.Read();
  const auto page = snapshot->Measurements({"lsm-1", "", "", kForever, 4}, 12);
  ASSERT_EQ(page.size(), 4U);
  EXPECT_EQ(page.front().key, "key5");
  const auto rest = snapshot->Measurements({"lsm-1", "", "", page.back().idx, 4}, 12);
  ASSERT_EQ(rest.size(), 2U);
  EXPECT_EQ(snapshot->Measurements({"", "20x", "", kForever, 9}, 8).size(), 2U);
  EXPECT_EQ(
      snapshot->Newest({"lsm-1", "63x", "PSF-03", INT64_MAX, 12}, Counting::kAny, 1).at(0).key,
      "key0");
  EXPECT_EQ(snapshot->Series({"lsm-1/63x", "psf.fwhm.z", "", "*"}, 12, 9).size(), 3U);
  EXPECT_EQ(snapshot->Series({"lsm-1/63x", "psf.fwhm.z", "etalon.gauss3d/1", ""}, 12, 9).size(),
            1U);
}

TEST_F(StoreTest, TheDumpIsSortedCanonicalAndEmptyOnceCleared) {
  Store store(path_);
  auto transaction = store.Begin();
  transaction->AppendEvent(Event(0));
  transaction->Put(Table::kProfile, {"b", "", 0, kForever, 1000, "{}"});
  transaction->Put(Table::kProfile, {"a", "", 0, kForever, 1000, "{}"});
  transaction->AddToken({"digest", "admin", "admin"});
  std::vector<std::string> lines;
  transaction->Dump([&](std::string_view line) { lines.emplace_back(line); });
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[2], "{\"idx\":\"0\",\"table\":\"register_change\"}");
  EXPECT_EQ(lines[0],
            "{\"body\":\"{}\",\"from_index\":\"0\",\"id\":\"a\",\"recorded_ms\":\"1000\","
            "\"scope\":\"\",\"table\":\"profile\",\"to_index\":\"9007199254740991\"}");
  transaction->ClearReadTables();
  lines.clear();
  transaction->Dump([&](std::string_view line) { lines.emplace_back(line); });
  EXPECT_TRUE(lines.empty());
  EXPECT_TRUE(transaction->Token("digest").has_value());
}

TEST_F(StoreTest, AStatementThatCannotBePreparedIsAnErrorAndNoMore) {
  { const Store store(path_); }
  Connection connection(path_, Access::kReadWrite);
  EXPECT_THROW(connection.Run("INSERT INTO nowhere VALUES (:p1)", {std::int64_t{1}}), StoreError);
  EXPECT_THROW((void)connection.Query("SELECT x FROM nowhere", {}, 1), StoreError);
  connection.Run("INSERT INTO token (digest, subject, role) VALUES (:p1, :p2, :p3)",
                 {std::string("d"), std::string("s"), std::string("r")});
  EXPECT_EQ(connection.Query("SELECT digest FROM token", {}, 1).size(), 1U);
}

// The tree of a record from before tiles is made from its lines.
TEST_F(StoreTest, TheFirstSchemaIsGivenItsTiles) {
  constexpr std::int64_t kEvents = 1300;
  journal::TreeEdge edge;
  {
    Connection connection(path_, Access::kReadWrite);
    Migrate(connection, 1);
    Transaction transaction(connection);
    for (std::int64_t idx = 0; idx < kEvents; ++idx) {
      transaction.AppendEvent(Event(idx));
      edge.Append(journal::LeafHash(Event(idx).line));
    }
    transaction.Commit();
  }
  const Store store(path_);
  const auto tables = store.Read();
  const journal::TreeEdge stored(kEvents, [&](const journal::TileId& id) {
    const auto row = tables->Tile(id.level, static_cast<std::int64_t>(id.index));
    return row ? journal::DigestsFromHex(row->hashes).value() : std::vector<journal::Digest>();
  });
  EXPECT_EQ(stored.Root(), edge.Root());
  EXPECT_EQ(tables->TileCount(), 7);
  EXPECT_EQ(tables->EventCount(), kEvents);
  EXPECT_TRUE(tables->Rows(Table::kAgent, kEvents).empty());
  EXPECT_FALSE(tables->Enrolment("d").has_value());
}

TEST_F(StoreTest, ACodeIsReplacedByTheNextOfItsAgent) {
  Store store(path_);
  auto transaction = store.Begin();
  transaction->SetEnrolment({"d1", "room", "[\"a\"]", 7});
  transaction->SetEnrolment({"d2", "room", "[\"b\"]", 8});
  transaction->SetEnrolment({"d3", "other", "[\"c\"]", 9});
  EXPECT_FALSE(transaction->Enrolment("d1").has_value());
  const auto row = transaction->Enrolment("d2");
  ASSERT_TRUE(row.has_value());
  EXPECT_EQ(row->agent, "room");
  EXPECT_EQ(row->instruments, "[\"b\"]");
  EXPECT_EQ(row->expires_ms, 8);
  transaction->DropEnrolment("room");
  EXPECT_FALSE(transaction->Enrolment("d2").has_value());
  EXPECT_TRUE(transaction->Enrolment("d3").has_value());
}

TEST_F(StoreTest, RefusesASchemaThatIsNewer) {
  { const Store store(path_); }
  {
    Connection connection(path_, Access::kReadWrite);
    connection.Execute("INSERT INTO schema_version (version) VALUES (99)");
  }
  EXPECT_THROW(Store{path_}, StoreError);
}

TEST_F(StoreTest, ADamagedFileAsksForABackup) {
  if (OnPostgresql()) GTEST_SKIP() << "about files";
  std::ofstream(path_) << std::string(8192, 'x');
  try {
    const Store store(path_);
    FAIL();
  } catch (const StoreError& error) {
    EXPECT_NE(std::string(error.what()).find("restore a backup"), std::string::npos)
        << error.what();
  }
}

TEST_F(StoreTest, SaysWhyAFileCannotBeOpened) {
  if (OnPostgresql()) GTEST_SKIP() << "about files";
  try {
    const Store store(dir_ + "/missing/etalon.db");
    FAIL();
  } catch (const StoreError& error) {
    EXPECT_NE(std::string(error.what()).find("/missing/etalon.db"), std::string::npos);
  }
}

}  // namespace
}  // namespace sop::store
