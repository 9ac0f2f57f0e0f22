// common/domain/cohort_table.h: rows of the retention report from what happened in each cohort and
// period.
//
// Pure.
#ifndef CLV_COMMON_DOMAIN_COHORT_TABLE_H_
#define CLV_COMMON_DOMAIN_COHORT_TABLE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "absl/numeric/int128.h"
#include "common/domain/calendar_periods.h"
#include "common/domain/report_rows.h"

namespace clv::domain {

// What a cohort did in one of its periods.
struct CohortCell {
  int64_t period = 0;             // from 0
  uint64_t active_customers = 0;  // with activity in the period
  uint64_t orders = 0;            // qualifying
  absl::int128 revenue_micros = 0;
};

// How many customers have their deciding activity in a period: the last one (rolling) or the second
// one (cumulative).
struct CohortStep {
  int64_t period = 0;
  uint64_t customers = 0;
};

struct Cohort {
  int64_t number = 0;  // of its calendar period
  uint64_t size = 0;
  std::vector<CohortCell> cells;  // by period; periods without anything may be left out
  std::vector<CohortStep> steps;  // by period; unused in mode period
};

// Which customers are retained in period n: active in n; last active in n or later; second activity
// in n or before.
enum class Retained { kInPeriod, kInPeriodOrLater, kSecondByPeriod };

struct CohortTableOptions {
  CalendarPeriod kind = CalendarPeriod::kMonth;
  Retained retained = Retained::kInPeriod;
  uint32_t last_period = 12;
  int64_t as_of_seconds = 0;
};

// Hands the rows to `emit` one after the other: those of `cohorts` (by number) in their begun
// periods 0 to `last_period`, then the weighted averages of every period that some cohort has
// complete. Memory grows with `last_period` only.
void MakeCohortTable(const std::vector<Cohort>& cohorts, const CohortTableOptions& options,
                     const std::function<void(const CustomerRetentionRow&)>& emit);

}  // namespace clv::domain

#endif  // CLV_COMMON_DOMAIN_COHORT_TABLE_H_
