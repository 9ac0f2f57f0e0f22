#include "common/domain/calendar_periods.h"

#include "common/base/instant.h"
#include "gtest/gtest.h"

namespace clv::domain {
namespace {

int64_t At(const char* text) { return ParseInstant(text)->seconds; }

std::string StartOf(CalendarPeriod kind, const char* instant) {
  return FormatInstant(PeriodStart(kind, PeriodNumber(kind, At(instant))));
}

TEST(CalendarPeriodsTest, BeginsWeeksOnMonday) {
  EXPECT_EQ(StartOf(CalendarPeriod::kWeek, "1970-01-01"), "1969-12-29 00:00:00");
  EXPECT_EQ(StartOf(CalendarPeriod::kWeek, "2023-01-01 23:59:59"), "2022-12-26 00:00:00");
  EXPECT_EQ(StartOf(CalendarPeriod::kWeek, "2023-01-02"), "2023-01-02 00:00:00");
}

TEST(CalendarPeriodsTest, BeginsMonthsQuartersAndYearsOnTheFirst) {
  EXPECT_EQ(StartOf(CalendarPeriod::kMonth, "2024-02-29 12:00:00"), "2024-02-01 00:00:00");
  EXPECT_EQ(StartOf(CalendarPeriod::kQuarter, "2024-06-30 23:59:59"), "2024-04-01 00:00:00");
  EXPECT_EQ(StartOf(CalendarPeriod::kYear, "2024-12-31"), "2024-01-01 00:00:00");
  EXPECT_EQ(StartOf(CalendarPeriod::kDay, "2024-12-31 05:06:07"), "2024-12-31 00:00:00");
}

TEST(CalendarPeriodsTest, NumbersPeriodsOneAfterTheOther) {
  for (const auto kind : {CalendarPeriod::kDay, CalendarPeriod::kWeek, CalendarPeriod::kMonth,
                          CalendarPeriod::kQuarter, CalendarPeriod::kYear}) {
    const int64_t number = PeriodNumber(kind, At("2023-12-31 23:59:59"));
    for (int64_t n = number - 60; n < number + 60; ++n) {
      EXPECT_EQ(PeriodNumber(kind, PeriodStart(kind, n)), n);
      EXPECT_EQ(PeriodNumber(kind, PeriodLastSecond(kind, n)), n);
      EXPECT_EQ(PeriodLastSecond(kind, n) + 1, PeriodStart(kind, n + 1));
    }
  }
}

TEST(CalendarPeriodsTest, CountsPeriodsBeforeTheEpoch) {
  EXPECT_EQ(StartOf(CalendarPeriod::kDay, "1969-12-31 23:59:59"), "1969-12-31 00:00:00");
  EXPECT_EQ(StartOf(CalendarPeriod::kMonth, "1969-12-31 23:59:59"), "1969-12-01 00:00:00");
}

}  // namespace
}  // namespace clv::domain
