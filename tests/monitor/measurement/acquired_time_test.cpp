#include "monitor/measurement/acquired_time.h"

#include <gtest/gtest.h>

namespace monitor::measurement {
namespace {

TEST(AcquiredTime, StatedZonesAreKept) {
  EXPECT_EQ(ParseAcquired("2026-01-02T03:04:05Z")->utc, "2026-01-02T03:04:05Z");
  EXPECT_EQ(ParseAcquired("2026-01-02T03:04:05.25+01:00")->utc, "2026-01-02T02:04:05.250Z");
  EXPECT_TRUE(ParseAcquired("2026-01-02T03:04:05-0130")->zone_stated);
}

TEST(AcquiredTime, WithoutAZoneItIsLocalAndSaid) {
  EXPECT_FALSE(ParseAcquired("2026:01:02 03:04:05")->zone_stated);
  EXPECT_FALSE(ParseAcquired("2024-11-08 17:27:32.678")->zone_stated);
}

TEST(AcquiredTime, WhatNoCalendarHasIsAbsent) {
  for (const char* text : {"", "yesterday", "2026-02-30T00:00:00Z", "2026-01-02", "0000-01-01T0",
                           "2026-13-01T00:00:00Z", "2026-01-01T25:00:00Z"}) {
    EXPECT_FALSE(ParseAcquired(text)) << text;
  }
}

}  // namespace
}  // namespace monitor::measurement
