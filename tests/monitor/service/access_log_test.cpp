#include "monitor/service/access_log.h"

#include <gtest/gtest.h>

#include "tests/monitor/service/record_fixture.h"

namespace monitor::service {
namespace {

class AccessLogTest : public RecordTest {
 protected:
  void Add(const std::string& subject, const std::string& target, int status = 403) {
    record_->access_log().Add({subject, "GET", "/x/{id}", target, status, "10.0.0.1"});
  }
  [[nodiscard]] Json Items(const AccessLog::Query& query = {}) {
    return record_->access_log().Read(query).at("items");
  }
};

TEST_F(AccessLogTest, LikeEntriesOfAMomentStandOnce) {
  for (int i = 0; i < 1000; ++i) Add("", "/x/1");
  Add("ana", "/x/1");
  const Json items = Items();
  ASSERT_EQ(items.size(), 2U);
  std::map<std::string, int> times;
  for (const Json& item : items) {
    times[item["subject"].is_null() ? "" : item["subject"].get<std::string>()] = item["times"];
  }
  EXPECT_EQ(times[""], 1000);
  EXPECT_EQ(times["ana"], 1);
  EXPECT_EQ(items[0]["at"], "2026-03-01T09:00:00.000Z");
}

TEST_F(AccessLogTest, AFloodIsBoundedAndWhatWasNotKeptIsCounted) {
  for (int i = 0; i < 6000; ++i) Add("", "/x/" + std::to_string(i));
  std::int64_t kept = 0;
  std::int64_t lost = 0;
  std::string cursor;
  do {
    const Json page = record_->access_log().Read({.cursor = cursor, .limit = 500});
    for (const Json& item : page["items"]) {
      (item["target"] == "entries that were not kept" ? lost : kept) +=
          item["times"].get<std::int64_t>();
    }
    cursor = page["next_cursor"].is_null() ? "" : page["next_cursor"].get<std::string>();
  } while (!cursor.empty());
  EXPECT_EQ(kept + lost, 6000);
  EXPECT_GT(lost, 0);
}

TEST_F(AccessLogTest, IsAskedBySubjectAndTimeAndReadInPages) {
  for (int i = 0; i < 5; ++i) {
    Add(i % 2 == 0 ? "ana" : "rui", "/x/" + std::to_string(i));
    record_->access_log().Flush();
    now_ms_ += 1000;
  }
  EXPECT_EQ(Items({.subject = "ana"}).size(), 3U);
  EXPECT_EQ(Items({.from = "2026-03-01T09:00:02Z", .to = "2026-03-01T09:00:04Z"}).size(), 2U);
  const Json first = record_->access_log().Read({.limit = 3});
  EXPECT_EQ(first["items"][0]["target"], "/x/4");
  const Json rest =
      record_->access_log().Read({.cursor = first["next_cursor"].get<std::string>(), .limit = 3});
  ASSERT_EQ(rest["items"].size(), 2U);
  EXPECT_EQ(rest["items"][1]["target"], "/x/0");
  EXPECT_TRUE(rest["next_cursor"].is_null());
  EXPECT_EQ(ProblemOf([&] { static_cast<void>(Items({.cursor = "x"})); }), "bad_parameter");
}

TEST_F(AccessLogTest, IsKeptAsLongAsTheFacilitySays) {
  record_->Command("facility_described",
                   {{"name", "F"}, {"time_zone", "UTC"}, {"access_log_days", 30}}, "admin");
  Add("ana", "/x/old");
  record_->access_log().Flush();
  now_ms_ += 20LL * 86'400'000;
  Add("ana", "/x/new");
  record_->access_log().Flush();
  now_ms_ += 11LL * 86'400'000;
  record_->access_log().Prune();
  ASSERT_EQ(Items().size(), 1U);
  EXPECT_EQ(Items()[0]["target"], "/x/new");
}

TEST_F(AccessLogTest, IsWrittenDownAtTheEnd) {
  Add("ana", "/x/1");
  Open();
  EXPECT_EQ(Items().size(), 1U);
}

}  // namespace
}  // namespace monitor::service
