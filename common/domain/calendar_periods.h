// common/domain/calendar_periods.h: UTC calendar periods as consecutive numbers.
//
// Numbers rise by one from period to period, so a difference of numbers is a number of whole
// periods. Pure functions.
#ifndef CLV_COMMON_DOMAIN_CALENDAR_PERIODS_H_
#define CLV_COMMON_DOMAIN_CALENDAR_PERIODS_H_

#include <cstdint>

namespace clv::domain {

// Kinds of period. Weeks are ISO weeks, from Monday.
enum class CalendarPeriod { kDay, kWeek, kMonth, kQuarter, kYear };

// Number of the period that holds the instant (UTC seconds, years 0 to 9999).
int64_t PeriodNumber(CalendarPeriod kind, int64_t seconds);

// First second of a period.
int64_t PeriodStart(CalendarPeriod kind, int64_t number);

// Last second of a period.
int64_t PeriodLastSecond(CalendarPeriod kind, int64_t number);

}  // namespace clv::domain

#endif  // CLV_COMMON_DOMAIN_CALENDAR_PERIODS_H_
