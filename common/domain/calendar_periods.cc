#include "common/domain/calendar_periods.h"

#include "common/base/instant.h"

namespace clv::domain {
namespace {

// 1970-01-01 was a Thursday, so the week that holds it began three days earlier.
constexpr int64_t kDaysFromMondayToEpoch = 3;
constexpr int64_t kDaysPerWeek = 7;

constexpr int64_t FloorDivide(int64_t value, int64_t divisor) {
  return value >= 0 ? value / divisor : -((-value + divisor - 1) / divisor);
}

// Months since year 0.
int64_t MonthNumber(int64_t seconds) {
  const CivilDate date = DateOfDay(DayOf(seconds));
  return int64_t{12} * date.year + date.month - 1;
}

int64_t MonthStart(int64_t month_number) {
  const int64_t year = FloorDivide(month_number, 12);
  const CivilDate first{.year = static_cast<int>(year),
                        .month = static_cast<int>(month_number - 12 * year) + 1,
                        .day = 1};
  return DayNumber(first) * kSecondsPerDay;
}

}  // namespace

int64_t PeriodNumber(CalendarPeriod kind, int64_t seconds) {
  switch (kind) {
    case CalendarPeriod::kDay:
      return DayOf(seconds);
    case CalendarPeriod::kWeek:
      return FloorDivide(DayOf(seconds) + kDaysFromMondayToEpoch, kDaysPerWeek);
    case CalendarPeriod::kMonth:
      return MonthNumber(seconds);
    case CalendarPeriod::kQuarter:
      return FloorDivide(MonthNumber(seconds), 3);
    case CalendarPeriod::kYear:
      return FloorDivide(MonthNumber(seconds), 12);
  }
  return 0;
}

int64_t PeriodStart(CalendarPeriod kind, int64_t number) {
  switch (kind) {
    case CalendarPeriod::kDay:
      return number * kSecondsPerDay;
    case CalendarPeriod::kWeek:
      return (number * kDaysPerWeek - kDaysFromMondayToEpoch) * kSecondsPerDay;
    case CalendarPeriod::kMonth:
      return MonthStart(number);
    case CalendarPeriod::kQuarter:
      return MonthStart(number * 3);
    case CalendarPeriod::kYear:
      return MonthStart(number * 12);
  }
  return 0;
}

int64_t PeriodLastSecond(CalendarPeriod kind, int64_t number) {
  return PeriodStart(kind, number + 1) - 1;
}

}  // namespace clv::domain
