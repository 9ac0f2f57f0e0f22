#include <algorithm>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "common/base/status_macros.h"
#include "common/domain/cohort_table.h"
#include "services/query/projection/period_table.h"
#include "services/query/projection/report_answers.h"
#include "services/query/projection/visible_orders.h"

namespace clv::query {
namespace {

using domain::CalendarPeriod;
using domain::Cohort;
using storage::CohortBasis;
using storage::Granularity;
using storage::RetentionMode;
using storage::RetentionQuery;

CalendarPeriod KindOf(Granularity granularity) {
  switch (granularity) {
    case Granularity::kMonth:
      return CalendarPeriod::kMonth;
    case Granularity::kWeek:
      return CalendarPeriod::kWeek;
    case Granularity::kQuarter:
      return CalendarPeriod::kQuarter;
    case Granularity::kYear:
      return CalendarPeriod::kYear;
    case Granularity::kDay:
      return CalendarPeriod::kDay;
  }
  return CalendarPeriod::kMonth;
}

domain::Retained ModeOf(RetentionMode mode) {
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

struct Cell {
  uint64_t active_customers = 0;
  uint64_t orders = 0;
  __int128 revenue_micros = 0;
};

// One cohort in one part of a scan; vectors by period, as long as something happened.
struct CohortPart {
  uint64_t size = 0;
  std::vector<Cell> cells;
  std::vector<uint64_t> steps;

  Cell& CellOf(uint32_t period) {
    if (period >= cells.size()) cells.resize(period + 1);
    return cells[period];
  }
  void Step(uint32_t period) {
    if (period >= steps.size()) steps.resize(period + 1);
    ++steps[period];
  }
  CohortPart& operator+=(const CohortPart& more) {
    size += more.size;
    for (uint32_t n = 0; n < more.cells.size(); ++n) {
      Cell& cell = CellOf(n);
      cell.active_customers += more.cells[n].active_customers;
      cell.orders += more.cells[n].orders;
      cell.revenue_micros += more.cells[n].revenue_micros;
    }
    if (steps.size() < more.steps.size()) steps.resize(more.steps.size());
    for (size_t n = 0; n < more.steps.size(); ++n) steps[n] += more.steps[n];
    return *this;
  }
};

using Cohorts = std::vector<CohortPart>;  // by relative number of the period

// One scan for one query.
class CohortScan {
 public:
  CohortScan(const ReportView& view, const RetentionQuery& query, const PeriodTable& periods)
      : view_(view), query_(query), periods_(periods) {}

  absl::StatusOr<Cohorts> Run() const {
    CLV_ASSIGN_OR_RETURN(
        std::vector<Cohorts> parts,
        ScanChunks(view_.version().chunks.size(), view_.heavy_scan(), Cohorts(periods_.size()),
                   [&](size_t c, Cohorts& part) { ScanChunk(c, part); }));
    for (size_t p = 1; p < parts.size(); ++p) {
      for (size_t n = 0; n < parts[p].size(); ++n) {
        if (parts[p][n].size > 0) parts[0][n] += parts[p][n];
      }
    }
    return std::move(parts[0]);
  }

 private:
  void ScanChunk(size_t c, Cohorts& part) const {
    const CustomerChunk& chunk = *view_.version().chunks[c];
    const StateColumns& state = view_.states()[c];
    const size_t size = view_.version().SizeOf(c);
    for (size_t i = 0; i < size; ++i) {
      if (!view_.Passes(chunk, i)) continue;
      if (query_.cohort_by == CohortBasis::kSignup) {
        if (chunk.described[i] == 0 || chunk.signup[i] == kNoInstant ||
            int64_t{chunk.signup[i]} > view_.as_of_seconds()) {
          continue;
        }
        ScanMember(chunk, state, i, periods_[chunk.signup[i]], part);
      } else if (state.purchase_count[i] >= 1) {
        ScanMember(chunk, state, i, periods_[state.first[i]], part);
      }
    }
  }

  void ScanMember(const CustomerChunk& chunk, const StateColumns& state, size_t i,
                  uint32_t cohort_number, Cohorts& part) const {
    CohortPart& cohort = part[cohort_number];
    ++cohort.size;
    if (query_.retention == RetentionMode::kRolling && state.purchase_count[i] >= 1) {
      const uint32_t last = periods_[state.last[i]];
      // Activity in a period after the last one shown counts in all that are shown.
      if (last >= cohort_number) cohort.Step(std::min(last - cohort_number, query_.periods));
    }
    const RareFacts* const rare = state.imported[i] != 0 ? chunk.Rare(i) : nullptr;
    if (rare != nullptr) {
      ScanImported(chunk, i, *rare->imported, cohort_number, cohort);
    } else {
      ScanOrders(chunk, i, cohort_number, cohort);
    }
  }

  // The order's period in the cohort; kNoPeriod outside of those that are shown.
  static constexpr uint32_t kNoPeriod = UINT32_MAX;
  uint32_t PeriodOf(uint32_t date, uint32_t cohort_number) const {
    const uint32_t number = periods_[date];
    return number >= cohort_number && number - cohort_number <= query_.periods
               ? number - cohort_number
               : kNoPeriod;
  }

  void ScanOrders(const CustomerChunk& chunk, size_t i, uint32_t cohort_number,
                  CohortPart& cohort) const {
    uint32_t active = kNoPeriod;  // the last period that the customer was counted in
    uint32_t orders = 0;
    ForEachVisibleOrder(
        chunk, i, view_.as_of_seconds(),
        [&](const VisibleOrder& order, const OrderRow* /*row*/, const OrderRow* /*end*/) {
          if (order.qualifies && ++orders == 2) StepAtSecond(order.date, cohort_number, cohort);
          const uint32_t period = PeriodOf(order.date, cohort_number);
          if (period == kNoPeriod) return;
          Cell& cell = cohort.CellOf(period);
          cell.revenue_micros += order.value_micros;
          if (!order.qualifies) return;
          ++cell.orders;
          cell.active_customers += period != active;
          active = period;
        });
  }

  // A second order before the cohort's period counts from period 0 on.
  void StepAtSecond(uint32_t date, uint32_t cohort_number, CohortPart& cohort) const {
    if (query_.retention != RetentionMode::kCumulative) return;
    const uint32_t number = std::max(periods_[date], cohort_number);
    if (number - cohort_number <= query_.periods) cohort.Step(number - cohort_number);
  }

  // The two dates of an imported record count like one more order each, unless an order (or the
  // record's other date) bears that very instant; they are neither orders nor revenue.
  void ScanImported(const CustomerChunk& chunk, size_t i, const ImportedRecord& imported,
                    uint32_t cohort_number, CohortPart& cohort) const {
    absl::InlinedVector<uint32_t, 32> instants;
    absl::InlinedVector<uint32_t, 32> active;
    const auto be_active = [&](uint32_t period) {
      if (period == kNoPeriod || std::count(active.begin(), active.end(), period) > 0) return;
      active.push_back(period);
      ++cohort.CellOf(period).active_customers;
    };
    ForEachVisibleOrder(
        chunk, i, view_.as_of_seconds(),
        [&](const VisibleOrder& order, const OrderRow* /*row*/, const OrderRow* /*end*/) {
          const uint32_t period = PeriodOf(order.date, cohort_number);
          if (period != kNoPeriod) cohort.CellOf(period).revenue_micros += order.value_micros;
          if (!order.qualifies) return;
          instants.push_back(order.date);
          if (period != kNoPeriod) ++cohort.CellOf(period).orders;
          be_active(period);
        });
    for (const uint32_t date : {imported.first, imported.last}) {
      be_active(PeriodOf(date, cohort_number));
      if (std::count(instants.begin(), instants.end(), date) == 0) instants.push_back(date);
    }
    if (instants.size() < 2) return;
    std::nth_element(instants.begin(), instants.begin() + 1, instants.end());
    StepAtSecond(instants[1], cohort_number, cohort);
  }

  const ReportView& view_;
  const RetentionQuery& query_;
  const PeriodTable& periods_;
};

Cohort ToCohort(int64_t number, const CohortPart& part) {
  Cohort cohort{.number = number, .size = part.size, .cells = {}, .steps = {}};
  for (size_t n = 0; n < part.cells.size(); ++n) {
    const Cell& cell = part.cells[n];
    cohort.cells.push_back({.period = static_cast<int64_t>(n),
                            .active_customers = cell.active_customers,
                            .orders = cell.orders,
                            .revenue_micros = cell.revenue_micros});
  }
  for (size_t n = 0; n < part.steps.size(); ++n) {
    cohort.steps.push_back({.period = static_cast<int64_t>(n), .customers = part.steps[n]});
  }
  return cohort;
}

bool BeginsInside(const std::optional<storage::TimeWindow>& window, int64_t instant) {
  if (!window) return true;
  return (!window->start || instant >= *window->start) && (!window->end || instant <= *window->end);
}

}  // namespace

absl::StatusOr<storage::Report<domain::CustomerRetentionRow>> CustomerRetention(
    const ReportView& view, const RetentionQuery& query) {
  const CalendarPeriod kind = KindOf(query.granularity);
  const PeriodTable& periods = PeriodTable::Of(kind);
  CLV_ASSIGN_OR_RETURN(const Cohorts parts, CohortScan(view, query, periods).Run());
  std::vector<Cohort> cohorts;
  for (uint32_t n = 0; n < parts.size(); ++n) {
    if (parts[n].size == 0) continue;
    const int64_t number = periods.NumberOf(n);
    if (!BeginsInside(query.scope.window, domain::PeriodStart(kind, number))) continue;
    cohorts.push_back(ToCohort(number, parts[n]));
  }
  storage::Report<domain::CustomerRetentionRow> report;
  domain::MakeCohortTable(cohorts,
                          {.kind = kind,
                           .retained = ModeOf(query.retention),
                           .last_period = query.periods,
                           .as_of_seconds = view.as_of_seconds()},
                          [&](const domain::CustomerRetentionRow& row) {
                            if (InRange(query.scope.range, report.total_rows++)) {
                              report.rows.push_back(row);
                            }
                          });
  return report;
}

}  // namespace clv::query
