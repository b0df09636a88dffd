#include "monitor/service/time_text.h"

#include <gtest/gtest.h>

namespace monitor::service {
namespace {

TEST(TimeText, WritesTimesAsTheRecordDoes) {
  const Milliseconds time = ParseTime("2026-11-22T10:00:00.5+01:30").value();
  EXPECT_EQ(TimeText(time), "2026-11-22T08:30:00.500Z");
  EXPECT_EQ(TimeText(ToSeconds(time)), "2026-11-22T08:30:00Z");
}

TEST(TimeText, DaysRoundTrip) { EXPECT_EQ(DayText(ParseDay("2024-02-29").value()), "2024-02-29"); }

}  // namespace
}  // namespace monitor::service
