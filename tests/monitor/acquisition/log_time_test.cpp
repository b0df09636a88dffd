#include "monitor/acquisition/log_time.h"

#include <gtest/gtest.h>

namespace monitor::acquisition {
namespace {

TEST(LogTime, HalfDaysOfTheClock) {
  EXPECT_EQ(ClockSeconds("12:00:00 AM"), 0.0);
  EXPECT_EQ(ClockSeconds("12:30:00 PM"), 45000.0);
  EXPECT_EQ(ClockSeconds("01:00:00.5 PM"), 46800.5);
  EXPECT_EQ(ClockSeconds("13:00:00 PM"), std::nullopt);
  EXPECT_EQ(ClockSeconds("24:00:00"), std::nullopt);
}

TEST(LogTime, DatesWithoutAKnownOrderAreNotGuessed) {
  EXPECT_EQ(DateSeconds("11/08/2024", DateOrder::kUnknown), std::nullopt);
  EXPECT_EQ(DateSeconds("11/08/2024", DateOrder::kMonthFirst), DateSeconds("2024-11-08", {}));
  EXPECT_EQ(DateSeconds("08.11.2024", DateOrder::kUnknown), DateSeconds("20241108", {}));
  EXPECT_EQ(DateSeconds("2023-02-29", {}), std::nullopt);
}

TEST(LogTime, RoundTrip) {
  const double moment = *DateSeconds("2024-11-08", {}) + *ClockSeconds("17:27:32.678");
  EXPECT_EQ(IsoWithoutZone(moment), "2024-11-08T17:27:32.678");
}

}  // namespace
}  // namespace monitor::acquisition
