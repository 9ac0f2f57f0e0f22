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

// The value of all orders dated from `first`, a customer's first purchase at an instant, until so
// many days after it, as they were known at that instant. Wants no imported record.
inline EarlyValue EarlyValueOf(const CustomerChunk& chunk, size_t i, uint32_t first,
                               int64_t as_of_seconds) {
  EarlyValue early = {};
  size_t span = 0;  // of the order, the first one that holds it: orders come by date
  ForEachVisibleOrder(
      chunk, i, as_of_seconds,
      [&](const VisibleOrder& order, const OrderRow* /*row*/, const OrderRow* /*end*/) {
        const int64_t age = int64_t{order.date} - int64_t{first};
        while (span < early.size() && age > domain::kEarlyValueDays[span] * kSecondsPerDay) ++span;
        if (age >= 0 && span < early.size()) early[span] += order.value_micros;
      });
  for (size_t s = 1; s < early.size(); ++s) early[s] += early[s - 1];
  return early;
}

// The same at the end of time.
inline EarlyValue EarlyValueOf(const CustomerChunk& chunk, size_t i) {
  return EarlyValueOf(chunk, i, chunk.state.first[i], INT64_MAX);
}

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_EARLY_VALUE_H_
