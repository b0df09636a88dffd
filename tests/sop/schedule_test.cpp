#include "sop/schedule.h"

#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <stdexcept>

#include "sop/recurrence.h"

namespace sop {
namespace {

using namespace std::chrono;
using std::chrono::days;

Day On(int y, unsigned m, unsigned d) { return sys_days(year(y) / month(m) / day(d)); }
Instant At(int y, unsigned m, unsigned d, int h, int min = 0) {
  return On(y, m, d) + hours(h) + minutes(min);
}
Schedule Monthly() { return {"FREQ=MONTHLY;BYMONTHDAY=1", On(2018, 1, 1), 7, 7}; }

// The rows of QUALITY_SYSTEM, "Schedule": monthly on the 1st, window 7/7, due 2018-12-01.
TEST(NextDue, GoldenRows) {
  const auto next = [](Day completed) { return NextDue(Monthly(), On(2018, 12, 1), completed); };
  EXPECT_EQ(next(On(2018, 11, 23)), On(2018, 12, 1));
  EXPECT_EQ(next(On(2018, 11, 24)), On(2019, 1, 1));
  EXPECT_EQ(next(On(2018, 11, 27)), On(2019, 1, 1));
  EXPECT_EQ(next(On(2018, 12, 1)), On(2019, 1, 1));
  EXPECT_EQ(next(On(2018, 12, 8)), On(2019, 1, 1));
  EXPECT_EQ(next(On(2019, 1, 10)), On(2019, 2, 1));
  EXPECT_EQ(next(On(2019, 1, 24)), On(2019, 2, 1));
  EXPECT_EQ(next(On(2019, 1, 25)), On(2019, 3, 1));
}

TEST(NextDue, ClassicalCountsFromCompletion) {
  const Schedule classical{"FREQ=DAILY;INTERVAL=28", On(2018, 1, 1), std::nullopt, 7};
  EXPECT_EQ(NextDue(classical, On(2018, 12, 1), On(2018, 11, 14)), On(2018, 12, 12));
  EXPECT_EQ(NextDue(classical, std::nullopt, On(2018, 11, 14)), On(2018, 12, 12));
}

TEST(NextDue, WithoutADueDayCountsFromCompletion) {
  EXPECT_EQ(NextDue(Monthly(), std::nullopt, On(2018, 11, 14)), On(2018, 12, 1));
  const Schedule monthly{"FREQ=MONTHLY", On(2018, 1, 1), 7, 7};
  EXPECT_EQ(NextDue(monthly, std::nullopt, On(2018, 11, 14)), On(2018, 12, 14));
}

// So the latest result alone tells when the next is due, however many there were before it.
TEST(NextDue, TheLastCompletionAloneDecides) {
  std::mt19937 random(7);
  const auto pick = [&](int below) { return std::uniform_int_distribution(0, below - 1)(random); };
  for (const char* rule : {"FREQ=MONTHLY;BYMONTHDAY=1", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH",
                           "FREQ=DAILY;INTERVAL=10", "FREQ=YEARLY", "FREQ=MONTHLY"}) {
    for (int i = 0; i < 60; ++i) {
      Schedule schedule{rule, On(2026, 1, 31) - days(pick(60)), pick(12), 7};
      if (i % 4 == 0) schedule.window_start_d.reset();
      Day due = schedule.start;
      Day completed = schedule.start - days(30);
      for (int n = 0; n < 15; ++n) {
        completed += days(pick(25));
        due = NextDue(schedule, due, completed);
        ASSERT_EQ(due, NextDue(schedule, schedule.start, completed)) << rule << " " << i;
      }
    }
  }
}

TEST(NextDue, MonthlyFromTheEndOfAMonthDoesNotSkipOne) {
  const Schedule monthly{"FREQ=MONTHLY", On(2018, 1, 1), std::nullopt, 7};
  EXPECT_EQ(NextDue(monthly, std::nullopt, On(2026, 1, 31)), On(2026, 2, 28));
  EXPECT_EQ(NextDue(monthly, std::nullopt, On(2024, 1, 30)), On(2024, 2, 29));
  EXPECT_EQ(NextDue(monthly, std::nullopt, On(2026, 3, 31)), On(2026, 4, 30));
  EXPECT_EQ(NextDue(monthly, std::nullopt, On(2026, 3, 30)), On(2026, 4, 30));
  const Schedule yearly{"FREQ=YEARLY", On(2018, 1, 1), std::nullopt, 7};
  EXPECT_EQ(NextDue(yearly, std::nullopt, On(2024, 2, 29)), On(2025, 2, 28));
  const Schedule on_31st{"FREQ=MONTHLY", On(2026, 1, 31), 3, 3};
  EXPECT_EQ(NextDue(on_31st, On(2026, 1, 31), On(2026, 1, 31)), On(2026, 2, 28));
  EXPECT_EQ(NextDue(on_31st, On(2026, 2, 28), On(2026, 2, 28)), On(2026, 3, 31));
}

TEST(NextOccurrence, KnowsTheUsualRules) {
  const Day start = On(2026, 1, 1);  // a Thursday
  const auto next = [&](const char* rule, Day after) { return NextOccurrence(rule, start, after); };
  EXPECT_EQ(next("FREQ=DAILY", On(2026, 3, 28)), On(2026, 3, 29));
  EXPECT_EQ(next("FREQ=DAILY;INTERVAL=10", On(2026, 1, 12)), On(2026, 1, 21));
  EXPECT_EQ(next("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", On(2026, 1, 2)), On(2026, 1, 5));
  EXPECT_EQ(next("FREQ=WEEKLY", On(2026, 1, 8)), On(2026, 1, 15));
  EXPECT_EQ(next("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", On(2026, 1, 5)), On(2026, 1, 12));
  EXPECT_EQ(next("FREQ=MONTHLY;BYDAY=1MO", On(2026, 1, 5)), On(2026, 2, 2));
  EXPECT_EQ(next("FREQ=MONTHLY;BYDAY=-1FR", On(2026, 1, 5)), On(2026, 1, 30));
  EXPECT_EQ(next("FREQ=MONTHLY;INTERVAL=3", On(2026, 1, 1)), On(2026, 4, 1));
  EXPECT_EQ(next("FREQ=MONTHLY;BYMONTHDAY=-1", On(2026, 1, 31)), On(2026, 2, 28));
  EXPECT_EQ(next("FREQ=YEARLY;BYMONTH=3,9;BYMONTHDAY=1", On(2026, 3, 1)), On(2026, 9, 1));
  EXPECT_EQ(next("FREQ=YEARLY", On(2026, 1, 1)), On(2027, 1, 1));
  EXPECT_EQ(next("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1", On(2026, 1, 5)), On(2026, 2, 2));
  EXPECT_EQ(next("FREQ=DAILY", On(2025, 1, 1)), On(2026, 1, 1));
}

// The search begins near `after`; it must find what a walk from the start finds.
TEST(NextOccurrence, JumpingAheadFindsWhatWalkingFinds) {
  const Day start = On(2020, 1, 15);
  for (const char* rule :
       {"FREQ=DAILY;INTERVAL=7", "FREQ=WEEKLY;INTERVAL=3", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR",
        "FREQ=MONTHLY", "FREQ=MONTHLY;INTERVAL=5", "FREQ=MONTHLY;INTERVAL=2;BYDAY=2TU",
        "FREQ=MONTHLY;BYMONTHDAY=31", "FREQ=YEARLY;INTERVAL=2", "FREQ=YEARLY;BYMONTH=2,8",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "FREQ=DAILY;BYDAY=MO,TU",
        "FREQ=YEARLY;INTERVAL=3;BYMONTH=6;BYMONTHDAY=-1"}) {
    Day occurrence = NextOccurrence(rule, start, start - days(1));
    for (Day after = start; after < start + days(4000); after += days(3)) {
      while (occurrence <= after) occurrence = NextOccurrence(rule, start, occurrence);
      ASSERT_EQ(NextOccurrence(rule, start, after), occurrence) << rule;
    }
  }
}

TEST(NextOccurrence, RefusesHostileAndUselessRules) {
  const auto refusal = [](const std::string& rule) -> std::string {
    try {
      (void)NextOccurrence(rule, On(2026, 1, 1), On(2026, 1, 1));
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "";
  };
  for (const char* rule : {"",
                           "monthly",
                           "FREQ=MONTHLY;",
                           "FREQ=HOURLY",
                           "FREQ=SECONDLY",
                           "FREQ=DAILY;COUNT=3",
                           "FREQ=DAILY;UNTIL=20270101",
                           "FREQ=DAILY;INTERVAL=0",
                           "FREQ=DAILY;INTERVAL=-1",
                           "FREQ=DAILY;INTERVAL=99999",
                           "FREQ=DAILY;INTERVAL=1x",
                           "FREQ=DAILY;FREQ=DAILY",
                           "INTERVAL=2",
                           "FREQ=DAILY;BYHOUR=3",
                           "FREQ=WEEKLY;BYDAY=XX",
                           "FREQ=WEEKLY;BYDAY=1MO",
                           "FREQ=WEEKLY;BYMONTHDAY=1",
                           "FREQ=MONTHLY;BYMONTHDAY=0",
                           "FREQ=MONTHLY;BYMONTHDAY=32",
                           "FREQ=MONTHLY;BYMONTHDAY=",
                           "FREQ=MONTHLY;BYMONTHDAY=1,",
                           "FREQ=YEARLY;BYMONTH=13",
                           "FREQ=YEARLY;BYWEEKNO=1",
                           "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
                           "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=31",
                           "FREQ=MONTHLY;BYMONTHDAY=1;BYSETPOS=2",
                           "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=5",
                           "FREQ=MONTHLY;BYDAY=5MO;BYSETPOS=2",
                           "FREQ=MONTHLY;BYSETPOS=1",
                           "FREQ=DAILY;INTERVAL=7;BYDAY=FR",
                           "FREQ=MONTHLY;INTERVAL=12;BYMONTH=2",
                           "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO",
                           "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
                           "FREQ=MONTHLY;BYDAY=5MO",
                           "FREQ=YEARLY;BYDAY=MO",
                           "FREQ=MONTHLY;X-A=1",
                           "FREQ=MONTHLY\nFREQ=DAILY",
                           "freq=monthly"}) {
    EXPECT_NE(refusal(rule), "") << rule;
  }
  EXPECT_NE(refusal("FREQ=MONTHLY;BYMONTHDAY=" + std::string(300, '1')), "");
  EXPECT_EQ(refusal("FREQ=DAILY;COUNT=3"),
            "recurrence 'FREQ=DAILY;COUNT=3' has a part that is not supported here: COUNT=3");
}

TEST(OverdueFrom, BeginsWhenTheLastDayOfTheWindowHasEnded) {
  const Schedule week{"FREQ=MONTHLY", On(2018, 1, 1), 7, 7};
  EXPECT_EQ(OverdueFrom(week, On(2018, 12, 1), "Europe/Lisbon"), At(2018, 12, 9, 0));
  EXPECT_EQ(OverdueFrom(week, On(2018, 12, 1), "Europe/Berlin"), At(2018, 12, 8, 23));
  EXPECT_EQ(OverdueFrom(week, On(2018, 12, 1), "America/New_York"), At(2018, 12, 9, 5));
  const Schedule none{"FREQ=DAILY", On(2018, 1, 1), 0, 0};
  EXPECT_EQ(OverdueFrom(none, On(2018, 12, 1), "UTC"), At(2018, 12, 2, 0));
}

TEST(LocalTime, FollowsDaylightSaving) {
  EXPECT_EQ(BeginOfDay(On(2026, 3, 29), "Europe/Berlin"), At(2026, 3, 28, 23));
  EXPECT_EQ(BeginOfDay(On(2026, 3, 30), "Europe/Berlin"), At(2026, 3, 29, 22));
  EXPECT_EQ(BeginOfDay(On(2026, 10, 26), "Europe/Berlin"), At(2026, 10, 25, 23));
  EXPECT_EQ(LocalDay(At(2026, 3, 28, 22, 59), "Europe/Berlin"), On(2026, 3, 28));
  EXPECT_EQ(LocalDay(At(2026, 3, 28, 23), "Europe/Berlin"), On(2026, 3, 29));
  // In Cairo the clock jumped from midnight to one: the day begins at the jump.
  EXPECT_EQ(BeginOfDay(On(2023, 4, 28), "Africa/Cairo"), At(2023, 4, 27, 22));
  EXPECT_EQ(LocalDay(At(2023, 4, 27, 22), "Africa/Cairo"), On(2023, 4, 28));
}

TEST(LocalTime, UnknownZonesAreRefused) {
  for (const char* zone : {"", "Mars/Olympus", "../../etc/passwd", "europe/lisbon"}) {
    EXPECT_THROW((void)BeginOfDay(On(2026, 1, 1), zone), std::invalid_argument) << zone;
  }
}

TEST(AddWorkingDays, PassesOverWeekendsAtTheSameTimeOfDay) {
  const auto add = [](Instant from, int n) { return AddWorkingDays(from, n, "Europe/Berlin"); };
  EXPECT_EQ(add(At(2026, 11, 16, 9), 2), At(2026, 11, 18, 9));            // Monday to Wednesday
  EXPECT_EQ(add(At(2026, 11, 20, 9), 2), At(2026, 11, 24, 9));            // Friday to Tuesday
  EXPECT_EQ(add(At(2026, 11, 21, 9), 2), At(2026, 11, 24, 9));            // Saturday to Tuesday
  EXPECT_EQ(add(At(2026, 11, 22, 23, 30), 1), At(2026, 11, 23, 23, 30));  // local Monday already
  EXPECT_EQ(add(At(2026, 3, 27, 9), 1), At(2026, 3, 30, 8));  // the clock changed in between
  EXPECT_EQ(add(At(2026, 11, 21, 9), 0), At(2026, 11, 21, 9));
}

class TenYears : public ::testing::TestWithParam<const char*> {};

TEST_P(TenYears, DaysTileTimeAndWindowsAreConsistent) {
  const std::string zone = GetParam();
  for (Day day = On(2020, 1, 1); day < On(2030, 1, 1); day += days(1)) {
    const Instant begin = BeginOfDay(day, zone);
    const Instant end = BeginOfDay(day + days(1), zone);
    ASSERT_GE(end - begin, hours(23));
    ASSERT_LE(end - begin, hours(25));
    ASSERT_EQ(LocalDay(begin, zone), day);
    ASSERT_EQ(LocalDay(end - seconds(1), zone), day);
  }
  for (const char* rule : {"FREQ=MONTHLY", "FREQ=WEEKLY;INTERVAL=2", "FREQ=DAILY"}) {
    const bool daily = rule == std::string_view("FREQ=DAILY");
    const Schedule schedule{rule, On(2020, 1, 31), daily ? 0 : 5, daily ? 0 : 4};
    Day due = schedule.start;
    unsigned state = 7;
    while (due < On(2030, 1, 1)) {
      state = state * 1664525u + 1013904223u;
      const Day completed = due + days(static_cast<int>(state >> 28) - 6);
      const Day next = NextDue(schedule, due, completed);
      // Never backwards, never already within the window of what was just done.
      ASSERT_GE(next, due);
      ASSERT_GT(next, completed);
      ASSERT_GT(next - days(*schedule.window_start_d), completed);
      ASSERT_EQ(next == due, completed < due - days(*schedule.window_start_d));
      ASSERT_GT(OverdueFrom(schedule, next, zone), BeginOfDay(next, zone));
      ASSERT_EQ(LocalDay(OverdueFrom(schedule, next, zone) - seconds(1), zone),
                next + days(schedule.window_end_d));
      due = next == due ? due + days(1) : next;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Zones, TenYears,
                         ::testing::Values("Europe/Lisbon", "America/Sao_Paulo", "Asia/Tokyo",
                                           "Australia/Lord_Howe"));

}  // namespace
}  // namespace sop
