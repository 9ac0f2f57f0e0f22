// common/storage/retention_terms.h: a retention query in the terms of the domain, the same for
// every backend.
#ifndef CLV_COMMON_STORAGE_RETENTION_TERMS_H_
#define CLV_COMMON_STORAGE_RETENTION_TERMS_H_

#include <cstdint>
#include <optional>

#include "common/domain/calendar_periods.h"
#include "common/domain/cohort_table.h"
#include "common/storage/reports.h"

namespace clv::storage {

// The periods of a granularity.
inline domain::CalendarPeriod KindOf(Granularity granularity) {
  switch (granularity) {
    case Granularity::kMonth:
      return domain::CalendarPeriod::kMonth;
    case Granularity::kWeek:
      return domain::CalendarPeriod::kWeek;
    case Granularity::kQuarter:
      return domain::CalendarPeriod::kQuarter;
    case Granularity::kYear:
      return domain::CalendarPeriod::kYear;
    case Granularity::kDay:
      return domain::CalendarPeriod::kDay;
  }
  return domain::CalendarPeriod::kMonth;
}

// Who is retained in a mode.
inline domain::Retained ModeOf(RetentionMode mode) {
  switch (mode) {
    case RetentionMode::kPeriod:
      return domain::Retained::kInPeriod;
    case RetentionMode::kRolling:
      return domain::Retained::kInPeriodOrLater;
    case RetentionMode::kCumulative:
      return domain::Retained::kSecondByPeriod;
  }
  return domain::Retained::kInPeriod;
}

// Whether a cohort that begins at `instant` is asked for; without a window every one is.
inline bool BeginsInside(const std::optional<TimeWindow>& window, int64_t instant) {
  if (!window) return true;
  return (!window->start || instant >= *window->start) && (!window->end || instant <= *window->end);
}

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_RETENTION_TERMS_H_
