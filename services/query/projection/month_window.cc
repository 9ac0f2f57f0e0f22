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
  // By the first order and by the last one.
  const CustomerBits begins_in_time =
      CustomersWhere([&](size_t i) { return state.first[i] >= first_date_; });
  const CustomerBits begins_late =
      CustomersWhere([&](size_t i) { return state.first[i] > last_date_; });
  const CustomerBits ends_in_time =
      CustomersWhere([&](size_t i) { return state.last[i] >= first_date_; });
  const CustomerBits ends_late =
      CustomersWhere([&](size_t i) { return state.last[i] > last_date_; });
  const CustomerBits ends_inside = ends_in_time & ~ends_late;
  CustomerBits idle = ~ends_in_time;  // no activity since the window begins
  ForEachOf(chunk.other_activity.customers(), [&](size_t i) {
    const CustomerBits customer = CustomerBits{1} << i;
    idle = chunk.other_activity[i] < first_date_ ? idle | customer : idle & ~customer;
  });
  const CustomerBits imported = state.imported.bits();  // its dates are no orders
  const CustomerBits plain =
      state.refunded_micros.Where([](int64_t refunded) { return refunded == 0; });
  // All orders without refunds qualify, and lie between the first and the last one.
  const CustomerBits outside = idle | (plain & (begins_late | ~ends_in_time) & ~imported);
  // The cube leaves out what comes before the month of the first qualifying order.
  const CustomerBits told = (ends_inside & ~begins_in_time) | (plain & begins_in_time);
  Places places;
  places.inside = told & ~(outside | imported);
  places.unknown = ~(outside | places.inside);
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
