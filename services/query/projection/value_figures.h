// services/query/projection/value_figures.h: what is summed up about the value of some customers.
#ifndef CLV_SERVICES_QUERY_PROJECTION_VALUE_FIGURES_H_
#define CLV_SERVICES_QUERY_PROJECTION_VALUE_FIGURES_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "common/domain/report_math.h"
#include "common/domain/value_groups.h"
#include "services/query/projection/customer_chunk.h"

namespace clv::query {

inline constexpr size_t kEarlySpans = domain::kEarlyValueDays.size();

// Sums over customers of the population, its members, and over those described.
struct ValueFigures {
  domain::PowerSums spend;  // total_spend in micros
  __int128 orders = 0;
  uint64_t repeat_customers = 0;  // with two orders or more
  __int128 lifespan_seconds = 0;
  uint32_t first = kNoInstant;  // of all purchases
  uint32_t last = 0;
  // Of orders in a window; 0 without one.
  __int128 window_micros = 0;
  uint64_t window_orders = 0;
  // Those described whose signup has come, and lies in the window; those of the population among
  // them.
  uint64_t signups = 0;
  uint64_t signups_with_orders = 0;
  // By index of domain::kEarlyValueDays: members without an imported record whose first purchase is
  // so long ago, and their early value.
  std::array<uint64_t, kEarlySpans> early_customers = {};
  std::array<__int128, kEarlySpans> early_micros = {};

  uint64_t customers() const { return spend.count(); }

  bool operator==(const ValueFigures&) const = default;
  ValueFigures& operator+=(const ValueFigures& more) {
    spend += more.spend;
    orders += more.orders;
    repeat_customers += more.repeat_customers;
    lifespan_seconds += more.lifespan_seconds;
    first = std::min(first, more.first);
    last = std::max(last, more.last);
    window_micros += more.window_micros;
    window_orders += more.window_orders;
    signups += more.signups;
    signups_with_orders += more.signups_with_orders;
    for (size_t s = 0; s < kEarlySpans; ++s) {
      early_customers[s] += more.early_customers[s];
      early_micros[s] += more.early_micros[s];
    }
    return *this;
  }
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_VALUE_FIGURES_H_
