// services/query/projection/cohort_activity.h: what one customer does in the periods of a cohort.
#ifndef CLV_SERVICES_QUERY_PROJECTION_COHORT_ACTIVITY_H_
#define CLV_SERVICES_QUERY_PROJECTION_COHORT_ACTIVITY_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/container/inlined_vector.h"
#include "services/query/projection/customer_chunk.h"
#include "services/query/projection/period_table.h"
#include "services/query/projection/visible_orders.h"

namespace clv::query {

// A quarter of the memory of a cell would be what lies between its numbers.
using CellSum = __int128 __attribute__((aligned(8)));

// Sums over customers in one period of a cohort.
struct CohortCell {
  uint32_t active_customers = 0;  // with activity in the period
  uint32_t orders = 0;            // qualifying
  CellSum revenue_micros = 0;
};
static_assert(sizeof(CohortCell) == 24);

// How activity is looked at.
struct ActivityScope {
  const PeriodTable& periods;
  uint32_t last_period = UINT32_MAX;  // later ones are left out
  int64_t as_of_seconds = INT64_MAX;
};

// The activity of one customer, a member of the cohort of period `cohort` (relative number), told
// to a sink: `sink.CellOf(period)` is the cell to add to (periods of the cohort, from 0), and
// `sink.SecondIn(period)` says that the second activity was in that period, or before period 0.
template <typename Sink>
class CohortActivity {
 public:
  CohortActivity(const ActivityScope& scope, uint32_t cohort, Sink& sink)
      : scope_(scope), cohort_(cohort), sink_(sink) {}

  // Of the customer's orders those in the range alone, at the end of time; a period must be in it
  // wholly or not at all. Wants no imported record, and tells nothing of a second activity.
  void AddSome(const OrderBlock& block, size_t i, OrderBlock::Range range) {
    uint32_t active = kNoPeriod;
    block.ForEachIn(i % kBlockCustomers, range,
                    [&](uint32_t date, int64_t value_micros, bool qualifies) {
                      AddOrder(date, value_micros, qualifies, &active);
                    });
  }

  // `imported`: the customer's visible record, or null.
  void Add(const CustomerChunk& chunk, size_t i, const ImportedRecord* imported) {
    if (imported == nullptr) {
      AddOrders(chunk, i);
    } else {
      AddImported(chunk, i, *imported);
    }
  }

 private:
  static constexpr uint32_t kNoPeriod = UINT32_MAX;

  uint32_t PeriodOf(uint32_t date) const {
    const uint32_t number = scope_.periods[date];
    return number >= cohort_ && number - cohort_ <= scope_.last_period ? number - cohort_
                                                                       : kNoPeriod;
  }

  void AddOrders(const CustomerChunk& chunk, size_t i) {
    uint32_t active = kNoPeriod;
    uint32_t orders = 0;
    ForEachVisibleOrder(
        chunk, i, scope_.as_of_seconds,
        [&](const VisibleOrder& order, const OrderRow* /*row*/, const OrderRow* /*end*/) {
          if (order.qualifies && ++orders == 2) BeSecond(order.date);
          AddOrder(order.date, order.value_micros, order.qualifies, &active);
        });
  }

  // `active`: the last period that the customer was counted in.
  void AddOrder(uint32_t date, int64_t value_micros, bool qualifies, uint32_t* active) {
    const uint32_t period = PeriodOf(date);
    if (period == kNoPeriod) return;
    CohortCell& cell = sink_.CellOf(period);
    cell.revenue_micros += value_micros;
    if (!qualifies) return;
    ++cell.orders;
    cell.active_customers += period != *active;
    *active = period;
  }

  void BeSecond(uint32_t date) {
    const uint32_t number = std::max(scope_.periods[date], cohort_);
    if (number - cohort_ <= scope_.last_period) sink_.SecondIn(number - cohort_);
  }

  // The two dates of an imported record count like one more order each, unless an order (or the
  // record's other date) bears that very instant; they are neither orders nor revenue.
  void AddImported(const CustomerChunk& chunk, size_t i, const ImportedRecord& imported) {
    absl::InlinedVector<uint32_t, 32> instants;
    absl::InlinedVector<uint32_t, 32> active;
    const auto be_active = [&](uint32_t period) {
      if (period == kNoPeriod || std::count(active.begin(), active.end(), period) > 0) return;
      active.push_back(period);
      ++sink_.CellOf(period).active_customers;
    };
    ForEachVisibleOrder(
        chunk, i, scope_.as_of_seconds,
        [&](const VisibleOrder& order, const OrderRow* /*row*/, const OrderRow* /*end*/) {
          const uint32_t period = PeriodOf(order.date);
          if (period != kNoPeriod) sink_.CellOf(period).revenue_micros += order.value_micros;
          if (!order.qualifies) return;
          instants.push_back(order.date);
          if (period != kNoPeriod) ++sink_.CellOf(period).orders;
          be_active(period);
        });
    for (const uint32_t date : {imported.first, imported.last}) {
      be_active(PeriodOf(date));
      if (std::count(instants.begin(), instants.end(), date) == 0) instants.push_back(date);
    }
    if (instants.size() < 2) return;
    std::nth_element(instants.begin(), instants.begin() + 1, instants.end());
    BeSecond(instants[1]);
  }

  const ActivityScope& scope_;
  const uint32_t cohort_;
  Sink& sink_;
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_COHORT_ACTIVITY_H_
