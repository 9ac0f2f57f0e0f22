// services/query/projection/period_table.h: calendar periods of instants, looked up.
#ifndef CLV_SERVICES_QUERY_PROJECTION_PERIOD_TABLE_H_
#define CLV_SERVICES_QUERY_PROJECTION_PERIOD_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/domain/calendar_periods.h"

namespace clv::query {

// The numbers of the periods that hold the days of 32-bit instants.
class PeriodTable {
 public:
  // The table of a kind; made at the first call.
  static const PeriodTable& Of(domain::CalendarPeriod kind);

  // Number of the period, relative to that of 1970-01-01.
  uint32_t operator[](uint32_t seconds) const { return periods_[seconds / 86'400]; }

  int64_t NumberOf(uint32_t relative) const { return first_number_ + relative; }
  // Relative numbers lie below.
  size_t size() const { return size_t{periods_.back()} + 1; }

 private:
  explicit PeriodTable(domain::CalendarPeriod kind);

  int64_t first_number_;
  std::vector<uint32_t> periods_;  // by day
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_PERIOD_TABLE_H_
