#include "monitor/service/time_text.h"

#include <gtest/gtest.h>

namespace monitor::service {
namespace {

std::string Read(std::string_view text) {
  const auto time = ParseTime(text);
  return time ? TimeText(*time) : "refused";
}

TEST(TimeText, ReadsWhatOthersWrite) {
  EXPECT_EQ(Read("2026-11-22T10:00:00Z"), "2026-11-22T10:00:00.000Z");
  EXPECT_EQ(Read("2026-11-22T10:00:00.1234567Z"), "2026-11-22T10:00:00.123Z");
  EXPECT_EQ(Read("2026-11-22T10:00:00.5+01:30"), "2026-11-22T08:30:00.500Z");
  EXPECT_EQ(Read("2026-11-22t10:00:00-0200"), "2026-11-22T12:00:00.000Z");
  EXPECT_EQ(Read("2026-11-22 10:00"), "2026-11-22T10:00:00.000Z");
  EXPECT_EQ(Read("2026-11-22"), "2026-11-22T00:00:00.000Z");
}

TEST(TimeText, RefusesTheRest) {
  for (const char* text : {"", "now", "2026-02-30", "2026-11-22T25:00:00Z", "2026-11-22T10:00:00X",
                           "2026-11-22T10:00:00Z ", "2026-11-22T10:00:00.Z", "22.11.2026",
                           "2026-11-22T10:61Z", "2026-11-22T10"}) {
    EXPECT_EQ(Read(text), "refused") << text;
  }
}

TEST(TimeText, DaysRoundTrip) {
  EXPECT_EQ(DayText(ParseDay("2024-02-29").value()), "2024-02-29");
  EXPECT_FALSE(ParseDay("2026-02-29").has_value());
  EXPECT_FALSE(ParseDay("2026-02-28T").has_value());
}

}  // namespace
}  // namespace monitor::service
