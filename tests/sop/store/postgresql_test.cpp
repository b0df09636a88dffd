#include <gtest/gtest.h>

#include "sop/store/engine.h"
#include "sop/store/store.h"
#include "sop/store/waiting_rows.h"
#include "tests/support/test_database.h"

// What only a server can do to a record, and what is said about it.
namespace sop::store {
namespace {

TEST(EngineTest, IsToldByTheUrl) {
  EXPECT_EQ(EngineOf("/var/lib/etalon/etalon.db"), Engine::kSqlite);
  EXPECT_EQ(EngineOf("postgresql://db/etalon"), Engine::kPostgresql);
  EXPECT_EQ(EngineOf("postgres://db/etalon"), Engine::kPostgresql);
}

TEST(EngineTest, AUrlIsShownWithoutItsSecrets) {
  EXPECT_EQ(Shown("/data/a b?c@d"), "/data/a b?c@d");
  EXPECT_EQ(Shown("postgresql://etalon:s3cret@db:5432/etalon?sslmode=require"),
            "postgresql://etalon@db:5432/etalon");
  EXPECT_EQ(Shown("postgresql://etalon@db/etalon"), "postgresql://etalon@db/etalon");
  EXPECT_EQ(Shown("postgresql:///etalon?host=/run&password=s3cret"), "postgresql:///etalon");
}

// What stands where a host is read would be named by "could not translate host name".
TEST(EngineTest, AUrlThatHidesAPartOfItsPasswordIsRefused) {
  for (const char* url : {"postgresql://u:s3@cret@db/x", "postgresql://u:s3/cret@db/x",
                          "postgresql://u:s3?cret@db/x", "postgresql://u:s3#cret@db/x"}) {
    try {
      CheckUrl(url);
      ADD_FAILURE() << url;
    } catch (const StoreError& error) {
      EXPECT_EQ(std::string(error.what()).find("cret"), std::string::npos) << error.what();
    }
  }
  CheckUrl("postgresql://u:s3%40cret@db/x?sslmode=require");
}

TEST(EngineTest, AnErrorIsOneSentenceWithWhatToDo) {
  EXPECT_EQ(
      ExplainPostgresql("ERROR:  deadlock\nDETAIL:  (digest)=(abc)", "40P01"),
      "ERROR:  deadlock; another transaction was in the way and nothing was changed; try again");
  EXPECT_EQ(
      ExplainPostgresql("server closed the connection unexpectedly\n\tThis probably", "     "),
      "server closed the connection unexpectedly; the server is gone or was not reached; "
      "check that it runs");
  EXPECT_EQ(ExplainPostgresql("ERROR:  an event is never changed", "P0001"),
            "ERROR:  an event is never changed");
}

TEST(WaitingRowsTest, ArraysKeepAnyText) {
  const RowGroup group{
      "t",
      "a, b",
      {{std::int64_t{1}, std::string("x\"\\,{}")}, {std::int64_t{-2}, std::string("NULL")}}};
  EXPECT_EQ(
      InsertArrays(group),
      "INSERT INTO t (a, b) SELECT * FROM unnest(CAST(:p1 AS bigint[]), CAST(:p2 AS text[]))");
  EXPECT_EQ(std::get<std::string>(Arrays(group)[0]), "{1,-2}");
  EXPECT_EQ(std::get<std::string>(Arrays(group)[1]), R"({"x\"\\,{}","NULL"})");
}

// What waits may begin in the middle: after a full message, or after a statement between.
TEST(WaitingRowsTest, ARowComesAfterThoseThatItRefersTo) {
  WaitingRows waiting;
  const auto add = [&](const char* table) { waiting.Add(table, "a", {std::string("x")}); };
  for (const char* table : {"quantity", "review", "event", "event", "measurement", "quantity"}) {
    add(table);
  }
  std::string order;
  for (const RowGroup& group : waiting.Take(6)) {
    order += std::string(group.table) + std::to_string(group.rows.size()) + " ";
  }
  EXPECT_EQ(order, "event2 measurement1 quantity2 review1 ");
  EXPECT_EQ(waiting.size(), 0U);
}

TEST(WaitingRowsTest, AQuestionConcernsItsTableAndKey) {
  WaitingRows waiting;
  waiting.Add("hold", "id", {std::string("h1")});
  waiting.Add("event", "idx", {std::int64_t{4}});
  EXPECT_TRUE(waiting.Touch({}));
  EXPECT_TRUE(waiting.Touch({"hold", "h1"}));
  EXPECT_FALSE(waiting.Touch({"hold", "h2"}));
  EXPECT_TRUE(waiting.Touch({"hold", {}}));
  EXPECT_TRUE(waiting.Touch({"event", {}}));
  EXPECT_FALSE(waiting.Touch({"limit_set", {}}));
  waiting.Shrink(1);
  EXPECT_FALSE(waiting.Touch({"event", {}}));
}

class PostgresqlTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!TestDatabase::OnPostgresql()) GTEST_SKIP() << "runs under with_postgresql.py";
    database_ = std::make_unique<TestDatabase>("");
  }
  static void Append(Store& store, std::int64_t idx) {
    auto transaction = store.Begin();
    transaction->AppendEvent({idx, "{}", std::string(64, 'a'), 1000 + idx});
    transaction->Commit();
  }
  static std::string WhyNot(const std::string& url) {
    try {
      const Store store(url);
    } catch (const StoreError& error) {
      return error.what();
    }
    return "";
  }
  std::unique_ptr<TestDatabase> database_;
};

TEST_F(PostgresqlTest, OneWriterAtATime) {
  auto first = std::make_unique<Store>(database_->where());
  EXPECT_NE(WhyNot(database_->where()).find("another service writes to this record; stop it first"),
            std::string::npos);
  Append(*first, 0);
  EXPECT_EQ(Store(database_->where(), Access::kReadOnly).Read()->EventCount(), 1);
  first.reset();
  EXPECT_EQ(WhyNot(database_->where()), "");
}

TEST_F(PostgresqlTest, AReaderCannotWrite) {
  { const Store made(database_->where()); }
  Connection reader(database_->where(), Access::kReadOnly);
  EXPECT_THROW(reader.Execute("INSERT INTO token VALUES ('d', 's', 'r')"), StoreError);
}

TEST_F(PostgresqlTest, TellsWhatIsWrongWithTheDatabaseAndNeverThePassword) {
  const char* tcp = "ETALON_TEST_POSTGRESQL_TCP";
  EXPECT_EQ(WhyNot(TestDatabase::Url("postgres", tcp)), "");
  std::string wrong = TestDatabase::Url("postgres", tcp);
  wrong.replace(wrong.find("word%401"), 8, "wr0ng");
  EXPECT_NE(WhyNot(wrong).find("the password is wrong"), std::string::npos) << WhyNot(wrong);
  EXPECT_EQ(WhyNot(wrong).find("wr0ng"), std::string::npos);
  const std::string missing = WhyNot(TestDatabase::Url("nowhere", tcp));
  EXPECT_NE(missing.find("there is no such database"), std::string::npos) << missing;
  EXPECT_EQ(missing.find("word"), std::string::npos);
  const std::string gone = WhyNot("postgresql://etalon:s3cret@127.0.0.1:1/etalon");
  EXPECT_NE(gone.find("check that it runs"), std::string::npos) << gone;
  EXPECT_EQ(gone.find("s3cret"), std::string::npos);
  EXPECT_EQ(gone.find('\n'), std::string::npos);
}

TEST_F(PostgresqlTest, OtherEncodingsAreRefused) {
  Connection(TestDatabase::Url("postgres"), Access::kReadWrite)
      .Execute(
          "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' LOCALE_PROVIDER libc "
          "TEMPLATE template0");
  EXPECT_NE(WhyNot(TestDatabase::Url("latin")).find("--encoding=UTF8"), std::string::npos);
}

TEST_F(PostgresqlTest, GoesOnAfterTheServerWasKilled) {
  Store store(database_->where());
  Append(store, 0);
  { const auto idle = store.Read(); }
  auto cut = store.Begin();
  cut->AppendEvent({1, "{\"never\":\"committed\"}", std::string(64, 'b'), 2000});
  TestDatabase::KillServer();
  EXPECT_THROW(cut->Commit(), StoreError);
  cut.reset();
  EXPECT_EQ(store.Read()->EventCount(), 1);
  Append(store, 1);
  EXPECT_EQ(store.Read()->Events(0, 9).at(1).line, "{}");
  EXPECT_NE(WhyNot(database_->where()).find("another service writes"), std::string::npos);
}

}  // namespace
}  // namespace sop::store
