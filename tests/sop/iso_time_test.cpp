#include "sop/iso_time.h"

#include <gtest/gtest.h>

namespace sop {
namespace {

using namespace std::chrono;

TEST(IsoTime, ReadsWhatOthersWrite) {
  const sys_time<milliseconds> day = sys_days(2026y / November / 22);
  EXPECT_EQ(ParseTime("2026-11-22T10:00:00Z"), day + 10h);
  EXPECT_EQ(ParseTime("2026-11-22T10:00:00.1234567Z"), day + 10h + 123ms);
  EXPECT_EQ(ParseTime("2026-11-22T10:00:00.5+01:30"), day + 8h + 30min + 500ms);
  EXPECT_EQ(ParseTime("2026-11-22t10:00:00-0200"), day + 12h);
  EXPECT_EQ(ParseTime("2026-11-22 10:00"), day + 10h);
  EXPECT_EQ(ParseTime("2026-11-22"), day);
}

TEST(IsoTime, RefusesTheRest) {
  for (const char* text : {"", "now", "2026-02-30", "2026-11-22T25:00:00Z", "2026-11-22T10:00:00X",
                           "2026-11-22T10:00:00Z ", "2026-11-22T10:00:00.Z", "22.11.2026",
                           "2026-11-22T10:61Z", "2026-11-22T10"}) {
    EXPECT_EQ(ParseTime(text), std::nullopt) << text;
  }
}

TEST(IsoTime, DaysAreDaysOfTheCalendar) {
  EXPECT_EQ(ParseDay("2024-02-29"), sys_days(2024y / February / 29));
  EXPECT_EQ(ParseDay("2026-02-29"), std::nullopt);
  EXPECT_EQ(ParseDay("2026-02-28T"), std::nullopt);
}

}  // namespace
}  // namespace sop
