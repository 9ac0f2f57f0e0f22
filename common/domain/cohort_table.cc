#include "common/domain/cohort_table.h"

#include <algorithm>

#include "common/domain/report_math.h"

namespace clv::domain {
namespace {

// Sums for one row: of one cohort, or of all that have the period complete.
struct RowSums {
  uint64_t cohort_size = 0;
  uint64_t retained = 0;
  uint64_t orders = 0;
  absl::int128 revenue_micros = 0;
  absl::int128 first_revenue_micros = 0;  // of period 0
  absl::int128 cumulative_revenue_micros = 0;
};

void Add(RowSums& to, const RowSums& more) {
  to.cohort_size += more.cohort_size;
  to.retained += more.retained;
  to.orders += more.orders;
  to.revenue_micros += more.revenue_micros;
  to.first_revenue_micros += more.first_revenue_micros;
  to.cumulative_revenue_micros += more.cumulative_revenue_micros;
}

CustomerRetentionRow MakeRow(int64_t period, const RowSums& sums) {
  CustomerRetentionRow row;
  row.cohort_size = sums.cohort_size;
  row.period = static_cast<uint64_t>(period);
  row.retained_customers = sums.retained;
  row.retention_rate = Quotient(sums.retained, sums.cohort_size);
  row.churn_rate = Quotient(sums.cohort_size - sums.retained, sums.cohort_size);
  row.orders = sums.orders;
  row.revenue_micros = sums.revenue_micros;
  row.revenue_retention_rate = Quotient(sums.revenue_micros, sums.first_revenue_micros);
  row.cumulative_revenue_micros = sums.cumulative_revenue_micros;
  row.cumulative_ltv = MeanUnits(sums.cumulative_revenue_micros, sums.cohort_size);
  return row;
}

// Walks the periods of one cohort.
class CohortWalk {
 public:
  CohortWalk(const Cohort& cohort, Retained mode)
      : mode_(mode),
        cell_(cohort.cells.begin()),
        cells_end_(cohort.cells.end()),
        step_(cohort.steps.begin()),
        steps_end_(cohort.steps.end()) {
    sums_.cohort_size = cohort.size;
    for (const CohortStep& step : cohort.steps) all_stepped_ += step.customers;
  }

  // The sums of `period`; called with 0, 1, 2, ...
  const RowSums& Next(int64_t period) {
    const bool has_cell = cell_ != cells_end_ && cell_->period == period;
    const CohortCell cell = has_cell ? *cell_++ : CohortCell{};
    const uint64_t stepped_before = stepped_;
    while (step_ != steps_end_ && step_->period <= period) stepped_ += step_++->customers;
    if (period == 0) sums_.first_revenue_micros = cell.revenue_micros;
    sums_.orders = cell.orders;
    sums_.revenue_micros = cell.revenue_micros;
    sums_.cumulative_revenue_micros += cell.revenue_micros;
    switch (mode_) {
      case Retained::kInPeriod:
        sums_.retained = cell.active_customers;
        break;
      case Retained::kInPeriodOrLater:
        sums_.retained = all_stepped_ - stepped_before;
        break;
      case Retained::kSecondByPeriod:
        sums_.retained = stepped_;
        break;
    }
    return sums_;
  }

 private:
  Retained mode_;
  std::vector<CohortCell>::const_iterator cell_, cells_end_;
  std::vector<CohortStep>::const_iterator step_, steps_end_;
  uint64_t stepped_ = 0;
  uint64_t all_stepped_ = 0;
  RowSums sums_;
};

}  // namespace

void MakeCohortTable(const std::vector<Cohort>& cohorts, const CohortTableOptions& options,
                     const std::function<void(const CustomerRetentionRow&)>& emit) {
  const int64_t period_of_as_of = PeriodNumber(options.kind, options.as_of_seconds);
  const bool last_is_complete =
      PeriodLastSecond(options.kind, period_of_as_of) <= options.as_of_seconds;
  std::vector<RowSums> averages(size_t{options.last_period} + 1);
  for (const Cohort& cohort : cohorts) {
    const int64_t begun = period_of_as_of - cohort.number;
    CohortWalk walk(cohort, options.retained);
    for (int64_t n = 0; n <= std::min<int64_t>(begun, options.last_period); ++n) {
      const RowSums& sums = walk.Next(n);
      CustomerRetentionRow row = MakeRow(n, sums);
      row.cohort = PeriodStart(options.kind, cohort.number);
      row.period_start = PeriodStart(options.kind, cohort.number + n);
      row.is_complete = n < begun || last_is_complete;
      emit(row);
      if (row.is_complete) Add(averages[n], sums);
    }
  }
  for (size_t n = 0; n < averages.size(); ++n) {
    if (averages[n].cohort_size == 0) continue;
    CustomerRetentionRow row = MakeRow(static_cast<int64_t>(n), averages[n]);
    row.is_complete = true;
    emit(row);
  }
}

}  // namespace clv::domain
