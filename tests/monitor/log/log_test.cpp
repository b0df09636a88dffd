#include "monitor/log/log.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace monitor::log {
namespace {

std::string Captured(auto&& write) {
  testing::internal::CaptureStderr();
  write();
  return testing::internal::GetCapturedStderr();
}

TEST(Log, WritesOneJsonLineWithTypedFields) {
  const std::string line = Captured([] {
    Log(Severity::kWarning, "file_refused",
        {{"path", "a\"b\n\xff.tif"}, {"bytes", 12}, {"ratio", 0.5}, {"known", true}});
  });
  ASSERT_EQ(line.find('\n'), line.size() - 1) << line;
  const auto json = nlohmann::json::parse(line);
  EXPECT_EQ(json["severity"], "warning");
  EXPECT_EQ(json["event"], "file_refused");
  EXPECT_EQ(json["path"], "a\"b\n\xEF\xBF\xBD.tif");
  EXPECT_EQ(json["bytes"], 12);
  EXPECT_EQ(json["ratio"], 0.5);
  EXPECT_EQ(json["known"], true);
  EXPECT_EQ(json["time"].get<std::string>().back(), 'Z');
}

TEST(Log, DropsWhatLiesBelowTheMinimum) {
  EXPECT_EQ(Captured([] { Log(Severity::kDebug, "noise"); }), "");
  SetMinimumSeverity(Severity::kDebug);
  EXPECT_NE(Captured([] { Log(Severity::kDebug, "noise"); }), "");
  SetMinimumSeverity(Severity::kInfo);
}

}  // namespace
}  // namespace monitor::log
