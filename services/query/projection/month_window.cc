#include "services/query/projection/month_window.h"

#include <algorithm>

#include "common/domain/calendar_periods.h"

namespace clv::query {
namespace {

using domain::CalendarPeriod;

bool BeginsMonth(int64_t seconds) {
  constexpr CalendarPeriod kMonth = CalendarPeriod::kMonth;
  return domain::PeriodStart(kMonth, domain::PeriodNumber(kMonth, seconds)) == seconds;
}

}  // namespace

MonthWindow::MonthWindow(const RetentionCube& cube, uint32_t first_date, uint32_t last_date)
    : cube_(&cube),
      months_(&PeriodTable::Of(CalendarPeriod::kMonth)),
      first_date_(first_date),
      last_date_(last_date),
      first_month_((*months_)[first_date]),
      last_month_((*months_)[last_date]) {}

std::optional<MonthWindow> MonthWindow::Of(const ReportView& view) {
  const ProjectionVersion& version = view.version();
  const RetentionCube& cube = version.population->cube;
  if (!view.has_window() || !view.states().are_kept() || !cube.has_sets() ||
      !version.horizon_seconds) {
    return std::nullopt;
  }
  // Nothing is dated outside these, nor later than the horizon.
  const WindowBounds window = view.window();
  const int64_t start = std::max<int64_t>(window.start_seconds, 0);
  const bool is_open = window.end_seconds >= *version.horizon_seconds;
  const int64_t end = is_open ? int64_t{UINT32_MAX} : window.end_seconds;
  if (start > end || start > int64_t{UINT32_MAX} || !BeginsMonth(start)) return std::nullopt;
  if (!is_open && !BeginsMonth(end + 1)) return std::nullopt;
  return MonthWindow(cube, static_cast<uint32_t>(start), static_cast<uint32_t>(end));
}

MonthWindow::Sums MonthWindow::OfSet(uint32_t set) const {
  Sums sums;
  for (const CubeCohort* const cohort : cube_->Of(set)) {
    for (size_t period = 0; period < cohort->cells.size(); ++period) {
      const size_t month = cohort->number + period;
      if (month < first_month_ || month > last_month_) continue;
      const CohortCell& cell = cohort->cells[period];
      sums += {cell.revenue_micros, int64_t{cell.orders}};
    }
  }
  return sums;
}

MonthWindow::Places MonthWindow::Look(const CustomerChunk& chunk) const {
  const StateColumns& state = chunk.state;
  Places places;
  for (size_t i = 0; i < kChunkCustomers; ++i) {
    // Without a jump: many would be foreseen wrongly.
    const uint32_t first = state.first[i];
    const uint32_t last = state.last[i];
    const bool is_idle = chunk.last_activity[i] < first_date_;
    const bool is_imported = state.imported[i] != 0;  // its dates are no orders
    const bool is_plain = state.refunded_micros[i] == 0;
    const bool begins_inside = first >= first_date_;
    const bool ends_inside = (last >= first_date_) & (last <= last_date_);
    // All orders without refunds qualify, and lie between the first and the last one.
    const bool is_apart = is_plain & ((first > last_date_) | (last < first_date_));
    // The cube leaves out what comes before the month of the first qualifying order.
    const bool is_told = is_plain ? ends_inside | begins_inside : ends_inside > begins_inside;
    const bool is_outside = is_idle | (is_apart > is_imported);
    const bool is_inside = is_told > (is_outside | is_imported);
    places.inside |= uint64_t{is_inside} << i;
    places.unknown |= uint64_t{is_outside == is_inside} << i;
  }
  return places;
}

MonthWindow::ReadOrders MonthWindow::Read(const CustomerChunk& chunk, size_t i) const {
  ReadOrders orders;
  const uint32_t cohort = (*months_)[chunk.state.first[i]];
  chunk.ForEachOrder(i, [&](uint32_t date, int64_t value_micros, bool qualifies) {
    if (date < first_date_ || date > last_date_) return;
    const Sums order{value_micros, qualifies ? 1 : 0};
    orders.inside += order;
    if ((*months_)[date] >= cohort) orders.in_cube += order;
  });
  return orders;
}

}  // namespace clv::query
