// services/query/projection/early_value.h: what a customer is worth soon after the first purchase.
#ifndef CLV_SERVICES_QUERY_PROJECTION_EARLY_VALUE_H_
#define CLV_SERVICES_QUERY_PROJECTION_EARLY_VALUE_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "common/base/instant.h"
#include "common/domain/value_groups.h"
#include "services/query/projection/customer_chunk.h"
#include "services/query/projection/visible_orders.h"

namespace clv::query {

// Micros, by index of domain::kEarlyValueDays.
using EarlyValue = std::array<int64_t, domain::kEarlyValueDays.size()>;

// Adds a customer's order, where the first purchase was at an instant.
inline void AddEarlyOrder(int64_t first_seconds, uint32_t date, int64_t value_micros,
                          EarlyValue* early) {
  const int64_t age = int64_t{date} - first_seconds;
  if (age < 0) return;
    // As masks: of each customer some jumps would be foreseen wrongly.
#pragma GCC unroll 4
  for (size_t s = 0; s < early->size(); ++s) {
    const bool is_early = age <= domain::kEarlyValueDays[s] * kSecondsPerDay;
    (*early)[s] += value_micros & -int64_t{is_early};
  }
}

// The value of all orders dated from a customer's first purchase until so many days after it. Wants
// no imported record.
inline EarlyValue EarlyValueOf(const CustomerChunk& chunk, size_t i) {
  const int64_t first = chunk.state.first[i];
  EarlyValue early = {};
  chunk.ForEachOrderUpTo(i, first + domain::kEarlyValueDays.back() * kSecondsPerDay,
                         [&early, first](uint32_t date, int64_t value_micros) {
                           AddEarlyOrder(first, date, value_micros, &early);
                         });
  return early;
}

// The same as it was known at an instant, when the first purchase was `first`.
inline EarlyValue EarlyValueAt(const CustomerChunk& chunk, size_t i, uint32_t first,
                               int64_t as_of_seconds) {
  EarlyValue early = {};
  ForEachVisibleOrder(
      chunk, i, as_of_seconds,
      [&](const VisibleOrder& order, const OrderRow* /*row*/, const OrderRow* /*end*/) {
        AddEarlyOrder(int64_t{first}, order.date, order.value_micros, &early);
      });
  return early;
}

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_EARLY_VALUE_H_
