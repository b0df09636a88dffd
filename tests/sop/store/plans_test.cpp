#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <regex>

#include "sop/store/connection.h"
#include "tests/support/test_database.h"

// How the engine means to answer each question: by an index, however many rows there are.
namespace sop::store {
namespace {

/// The tables that grow with the journal.
const std::regex kGrowing(
    "\\b(event|checkpoint|measurement|quantity|review|register_change|m|q)\\b");

class PlansTest : public ::testing::Test {
 protected:
  PlansTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "plans-XXXXXX").string();
    dir_ = mkdtemp(pattern.data());
    database_ = std::make_unique<TestDatabase>(dir_);
    { const Store made(database_->where()); }
    connection_ = std::make_unique<Connection>(database_->where(), Access::kReadOnly);
  }
  ~PlansTest() override {
    connection_.reset();
    std::filesystem::remove_all(dir_);
  }

  /// Asks every question of a page once.
  void AskAll() {
    const Reader reader(*connection_);
    const AssignmentKey key{"lsm-1", "63x", "PSF-03", 1000, 10};
    for (const Counting counting :
         {Counting::kAny, Counting::kGood, Counting::kBad, Counting::kAsFound}) {
      (void)reader.Newest(key, counting, 1);
      (void)reader.Newest(key, counting, 16, {0, 0}, Place{5, 5});
    }
    (void)reader.Oldest(key, Counting::kBad, {0, 0});
    (void)reader.EventCount();
    (void)reader.Event(0);
    (void)reader.Events(0, 10);
    (void)reader.EventsRecordedBy(5);
    (void)reader.RegistersChanged(5);
    (void)reader.LastCheckpoint();
    (void)reader.CheckpointCovering(0);
    (void)reader.Checkpoints(0, 10);
    (void)reader.Rows(Table::kAssignment, 5);
    (void)reader.Row(Table::kReview, "key", 5);
    (void)reader.Versions(Table::kLimitSet, "PSF-03", 5);
    (void)reader.Measurement("key");
    for (const char* instrument : {"", "lsm-1"}) {
      for (const char* configuration : {"", "63x"}) {
        for (const char* procedure : {"", "PSF-03"}) {
          (void)reader.Measurements({instrument, configuration, procedure, kForever, 5}, 5);
        }
      }
    }
    (void)reader.Series({"lsm-1/63x", "psf.fwhm.z", "etalon.gauss3d/1", "*"}, 5, 10);
    (void)reader.Series({"lsm-1/63x", "psf.fwhm.z", "etalon.gauss3d/1", "0"}, 5, 10);
    (void)reader.Quantities("key");
    (void)reader.Dump([](std::string_view) {});
  }

  /// Tables that a statement's plan walks through from one end to the other.
  std::string Scanned(std::string sql) const {
    // An engine plans without values; here it gets some.
    sql = std::regex_replace(sql, std::regex(":p[0-9]+"), "'1'");
    std::string scanned;
    const bool postgresql = TestDatabase::OnPostgresql();
    for (const Record& line : connection_->Query(
             (postgresql ? "EXPLAIN " : "EXPLAIN QUERY PLAN ") + sql, {}, postgresql ? 1 : 4)) {
      const std::string& step = line.back();
      // The first page of all, or the newest row: a walk that ends at once.
      const bool ends =
          sql.find("LIMIT") != std::string::npos && sql.find("WHERE") == std::string::npos;
      const bool scan = step.find(postgresql ? "Seq Scan" : "SCAN") != std::string::npos;
      const bool sort =
          step.find(postgresql ? "->  Sort" : "TEMP B-TREE FOR ORDER BY") != std::string::npos;
      if ((scan && !ends && std::regex_search(step, kGrowing)) || sort) scanned += "\n    " + step;
    }
    return scanned;
  }

  std::string dir_;
  std::unique_ptr<TestDatabase> database_;
  std::unique_ptr<Connection> connection_;
};

TEST_F(PlansTest, NoQuestionWalksThroughAGrowingTable) {
  if (TestDatabase::OnPostgresql()) {
    // Small tables are read whole for good reason; what is asked is whether an index would serve.
    connection_->Execute("SET enable_seqscan = off");
    connection_->Execute("SET enable_bitmapscan = off");
    connection_->Execute("SET enable_sort = off");
  }
  AskAll();
  const auto statements = connection_->Statements();
  EXPECT_GT(statements.size(), 30U);
  for (const std::string& sql : statements) {
    const std::string scanned = Scanned(sql);
    EXPECT_EQ(scanned, "") << sql;
  }
}

}  // namespace
}  // namespace sop::store
