#include "services/query/projection/period_table.h"

#include "common/base/instant.h"

namespace clv::query {

PeriodTable::PeriodTable(domain::CalendarPeriod kind)
    : first_number_(domain::PeriodNumber(kind, 0)) {
  constexpr int64_t kDays = int64_t{UINT32_MAX} / kSecondsPerDay + 1;
  periods_.reserve(kDays);
  for (int64_t day = 0; day < kDays; ++day) {
    periods_.push_back(
        static_cast<uint32_t>(domain::PeriodNumber(kind, day * kSecondsPerDay) - first_number_));
  }
}

const PeriodTable& PeriodTable::Of(domain::CalendarPeriod kind) {
  using domain::CalendarPeriod;
  switch (kind) {
    case CalendarPeriod::kDay: {
      static const PeriodTable table(CalendarPeriod::kDay);
      return table;
    }
    case CalendarPeriod::kWeek: {
      static const PeriodTable table(CalendarPeriod::kWeek);
      return table;
    }
    case CalendarPeriod::kQuarter: {
      static const PeriodTable table(CalendarPeriod::kQuarter);
      return table;
    }
    case CalendarPeriod::kYear: {
      static const PeriodTable table(CalendarPeriod::kYear);
      return table;
    }
    case CalendarPeriod::kMonth:
      break;
  }
  static const PeriodTable months(CalendarPeriod::kMonth);
  return months;
}

}  // namespace clv::query
