#include "sop/journal/event.h"

#include <gtest/gtest.h>

#include <string>

#include "sop/journal/canonical_json.h"

namespace sop::journal {
namespace {

Event Example() {
  return {"hold_placed", 1, "2026-11-22T10:00:00.123Z", "admin", {{"reason", "oil"}, {"id", "h1"}}};
}
constexpr const char* kLine =
    R"({"actor":"admin","body":{"id":"h1","reason":"oil"},"recorded_at":"2026-11-22T10:00:00.123Z","type":"hold_placed","version":1})";

TEST(EventLine, IsCanonicalAndReadsBack) {
  EXPECT_EQ(EventLine(Example()), kLine);
  const Event event = ParseEvent(kLine);
  EXPECT_EQ(event.type, "hold_placed");
  EXPECT_EQ(event.version, 1);
  EXPECT_EQ(event.recorded_at, "2026-11-22T10:00:00.123Z");
  EXPECT_EQ(event.actor, "admin");
  EXPECT_EQ(event.body, Example().body);
}

TEST(EventLine, RefusesWhatIsNoEvent) {
  const auto refuses = [](auto change) {
    Event event = Example();
    change(event);
    EXPECT_THROW((void)EventLine(event), CanonicalJsonError);
  };
  refuses([](Event& e) { e.type = ""; });
  refuses([](Event& e) { e.type = "Hold"; });
  refuses([](Event& e) { e.type = std::string(65, 'a'); });
  refuses([](Event& e) { e.version = 0; });
  refuses([](Event& e) { e.recorded_at = "2026-11-22T10:00:00Z"; });
  refuses([](Event& e) { e.actor = ""; });
  refuses([](Event& e) { e.actor = std::string(201, 'a'); });
  refuses([](Event& e) { e.body = nlohmann::json::array(); });
  refuses([](Event& e) { e.body["x"] = "\xFF"; });
}

TEST(EventLine, RefusesWhatCouldNotBeReadBack) {
  Event event = Example();
  event.version = 1'000'001;
  EXPECT_THROW((void)EventLine(event), CanonicalJsonError);

  event = Example();
  const std::size_t rest = EventLine(event).size() - 3;  // without "oil"
  event.body["reason"] = std::string(kMaxJsonBytes - rest, 'a');
  EXPECT_EQ(EventLine(event).size(), kMaxJsonBytes);
  event.body["reason"] = std::string(kMaxJsonBytes - rest + 1, 'a');
  EXPECT_THROW((void)EventLine(event), JsonTooLarge);

  event = Example();
  constexpr std::size_t kOthers = 8;  // the event, its members, and those of the body
  event.body["reason"] = nlohmann::json::array_t(kMaxJsonValues - kOthers, 1);
  EXPECT_NO_THROW((void)EventLine(event));
  event.body["reason"].push_back(1);
  EXPECT_THROW((void)EventLine(event), JsonTooLarge);
}

TEST(ParseEvent, TakesTheExactBytesOnly) {
  const auto refuses = [](std::string line, std::string_view from, std::string_view to) {
    const auto at = line.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    line.replace(at, from.size(), to);
    EXPECT_THROW((void)ParseEvent(line), CanonicalJsonError) << line;
  };
  refuses(kLine, "{\"actor\"", " {\"actor\"");
  refuses(kLine, "\"id\":\"h1\",\"reason\":\"oil\"", "\"reason\":\"oil\",\"id\":\"h1\"");
  refuses(kLine, "oil", "\\u006fil");
  refuses(kLine, "\"version\":1", "\"version\":1.0");
  refuses(kLine, "\"version\":1", "\"version\":0");
  refuses(kLine, "\"version\":1", "\"version\":\"1\"");
  refuses(kLine, "\"version\":1", "\"version\":9007199254740992");
  refuses(kLine, "\"version\":1", "\"version\":1,\"w\":1");
  refuses(kLine, "\"version\":1", "\"x\":1");
  refuses(kLine, "\"admin\"", "7");
  refuses(kLine, ".123Z", ".123+00:00");
  refuses(kLine, "}", "}\n");
  EXPECT_THROW((void)ParseEvent("[]"), CanonicalJsonError);
  EXPECT_THROW((void)ParseEvent(""), CanonicalJsonError);
}

TEST(EventTime, GoesThereAndBack) {
  for (const char* text : {"2026-11-22T10:00:00.123Z", "1970-01-01T00:00:00.000Z",
                           "1969-12-31T23:59:59.999Z", "2024-02-29T23:59:59.001Z"}) {
    const auto time = ParseEventTime(text);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(FormatEventTime(*time), text);
  }
  EXPECT_EQ(ParseEventTime("1970-01-02T00:00:00.001Z")->time_since_epoch().count(), 86400001);
}

TEST(EventTime, RefusesOtherForms) {
  for (const char* text :
       {"", "2026-11-22", "2026-11-22T10:00:00Z", "2026-11-22t10:00:00.123z",
        "2026-11-22T10:00:00.1234Z", "2026-11-22T10:00:00.123", "2026-02-29T10:00:00.123Z",
        "2026-13-01T10:00:00.123Z", "2026-11-22T24:00:00.123Z", "2026-11-22T10:60:00.123Z",
        "2026-11-22T10:00:60.123Z", "2026-11-22 10:00:00.123Z", "+026-11-22T10:00:00.123Z"}) {
    EXPECT_FALSE(ParseEventTime(text)) << text;
  }
}

}  // namespace
}  // namespace sop::journal
