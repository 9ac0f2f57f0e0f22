// services/query/projection/visible_orders.h: a customer's orders as they were known at an instant.
#ifndef CLV_SERVICES_QUERY_PROJECTION_VISIBLE_ORDERS_H_
#define CLV_SERVICES_QUERY_PROJECTION_VISIBLE_ORDERS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "common/domain/customer_summary.h"
#include "services/query/projection/customer_chunk.h"

namespace clv::query {

// An order with the rows that are dated up to an instant.
struct VisibleOrder {
  uint32_t date = 0;
  int64_t value_micros = 0;
  bool qualifies = true;
  int64_t refunded_micros = 0;  // minus the sum of its negative rows
};

// Calls `visit(order, rows)` for the visible orders of a customer, by date, then order_id; `rows`
// are those of an order that has several, visible or not (else empty).
template <typename Visit>
void ForEachVisibleOrder(const CustomerChunk& chunk, size_t i, int64_t as_of_seconds,
                         Visit&& visit) {
  const RareList::Rows rows = chunk.rare.RowsOf(i);
  if (rows.empty()) {
    chunk.ForEachOrder(i, [&](uint32_t date, int64_t value_micros, bool qualifies) {
      if (int64_t{date} > as_of_seconds) return;
      visit(VisibleOrder{date, value_micros, qualifies, std::max<int64_t>(0, -value_micros)},
            static_cast<const OrderRow*>(nullptr), static_cast<const OrderRow*>(nullptr));
    });
    return;
  }
  const OrderRow* row = rows.data();
  const OrderRow* const rows_end = row + rows.size();
  uint32_t index = 0;
  chunk.ForEachOrder(i, [&](uint32_t date, int64_t value_micros, bool qualifies) {
    const uint32_t order_index = index++;
    const OrderRow* const begin = row;
    while (row != rows_end && row->order == order_index) ++row;
    if (int64_t{date} > as_of_seconds) return;
    VisibleOrder order{date, value_micros, qualifies, std::max<int64_t>(0, -value_micros)};
    if (begin != row) {
      domain::Order known{.order_id = {}};
      order.refunded_micros = 0;
      for (const OrderRow* r = begin; r != row; ++r) {
        if (int64_t{r->date} > as_of_seconds) continue;
        known.value_micros += r->amount_micros;
        known.has_negative_row |= r->amount_micros < 0;
        order.refunded_micros += std::max<int64_t>(0, -r->amount_micros);
      }
      order.value_micros = known.value_micros;
      order.qualifies = known.Qualifies();
    }
    visit(order, begin, row);
  });
}

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_VISIBLE_ORDERS_H_
