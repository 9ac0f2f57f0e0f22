// services/query/projection/customer_chunk.h: the columns of a few dozen customers.
#ifndef CLV_SERVICES_QUERY_PROJECTION_CUSTOMER_CHUNK_H_
#define CLV_SERVICES_QUERY_PROJECTION_CUSTOMER_CHUNK_H_

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "common/storage/projected_customer.h"
#include "services/query/projection/column.h"
#include "services/query/projection/customer_profiles.h"
#include "services/query/projection/order_block.h"
#include "services/query/projection/rare_list.h"

namespace clv::query {

inline constexpr size_t kChunkBlocks = kChunkCustomers / kBlockCustomers;

using storage::ImportedRecord;
using storage::kNoInstant;
using storage::OrderRow;

// Fetches the lines of memory that columns take, for a scan that looks at them soon: those of one
// chunk are too few for the processor to see ahead by itself. Inline: GCC drops calls that do
// nothing else.
template <typename... Columns>
[[gnu::always_inline]] inline void PrefetchColumns(const Columns&... columns) {
  const auto fetch = [](const auto& column) __attribute__((always_inline)) {
    for (size_t line = 0; line < sizeof(column); line += 64) {
      __builtin_prefetch(reinterpret_cast<const char*>(&column) + line);
    }
  };
  (fetch(columns), ...);
}

// The summaries of a chunk's customers at some instant; see domain::CustomerSummary. Customers
// outside the population have purchase_count 0 and no dates.
struct StateColumns {
  MicrosColumn spend_micros;
  MicrosColumn refunded_micros;
  NarrowColumn<int64_t, uint16_t> purchase_count;
  NarrowColumn<int64_t, uint8_t> repeat_order_days;
  Column<uint32_t> first = {};
  Column<uint32_t> last = {};
  // See domain::CustomerHistory; the imported record included.
  NarrowColumn<uint32_t, uint8_t> spend_days;
  MicrosColumn repeat_spend_micros;
  BitColumn has_rows;  // whether a purchase is visible
  BitColumn imported;  // whether a record is

  int64_t LifespanSeconds(size_t i) const {
    return purchase_count[i] >= 2 ? int64_t{last[i]} - int64_t{first[i]} : 0;
  }
};

// Columns by index of the customer in the chunk. Immutable once it is part of a version; the next
// version shares the chunks that did not change, and the blocks of orders that did not.
struct CustomerChunk {
  StateColumns state;  // at the end of time
  BitColumn known;     // not: removed, or no customer has the number yet
  BitColumn described;
  NarrowColumn<uint32_t, uint16_t> attributes;  // index into the version's attribute sets
  Column<uint32_t> updated_at = {};
  RareColumn<uint32_t> other_activity;  // see LastActivity
  Column<float> predicted_bound = {};   // BoundOf the default predicted_clv, with a fitted model
  NarrowColumn<uint32_t, uint8_t> distinct_products;
  // Index into the version's categories, from 1; 0: none.
  NarrowColumn<uint32_t, uint8_t> favorite_category;
  std::shared_ptr<const CustomerProfiles> profiles;  // null: nobody has a number
  std::array<std::shared_ptr<const OrderBlock>, kChunkBlocks> orders;
  RareList rare;

  // Of a customer who has a number.
  std::string_view Id(size_t i) const { return profiles->Id(i); }
  uint32_t Signup(size_t i) const { return profiles->signup[i]; }

  // The instant of the customer's latest activity, kNoInstant: none. Mostly the last purchase.
  uint32_t LastActivity(size_t i) const {
    return other_activity.Has(i) ? other_activity[i] : ActivityOfOrders(i);
  }
  // After the customer's other columns.
  void SetLastActivity(size_t i, uint32_t activity) {
    other_activity.Set(
        i, activity != ActivityOfOrders(i) ? std::optional<uint32_t>(activity) : std::nullopt);
  }

  // Fetches the lines of memory where a customer's columns are that purchases change, and those
  // that lead to the id, orders and rare facts. Inline: GCC drops calls that do nothing else.
  [[gnu::always_inline]] void PrefetchFacts(size_t i) const {
    const auto fetch = [i](const auto&... columns) __attribute__((always_inline)) {
      (__builtin_prefetch(columns.place(i)), ...);
    };
    fetch(state.spend_micros, state.refunded_micros, state.purchase_count, state.repeat_order_days,
          attributes);
    __builtin_prefetch(&state.first[i]);
    __builtin_prefetch(&state.last[i]);
    __builtin_prefetch(&state.imported);
    __builtin_prefetch(&known);
    __builtin_prefetch(&orders[i / kBlockCustomers]);
    __builtin_prefetch(&rare);
    __builtin_prefetch(&profiles);
  }

  // Calls `visit(i)`, who reads the customer's orders, for each of some, rising. Orders lie all
  // over memory, so those of some customers are fetched ahead.
  template <typename Visit>
  void ForEachWithOrders(CustomerBits customers, const Visit& visit) const {
    constexpr size_t kAhead = 12;
    CustomerBits ahead = customers;
    for (size_t k = 0; k < kAhead; ++k) FetchOrdersOfNext(&ahead);
    ForEachOf(customers, [&](size_t i) {
      FetchOrdersOfNext(&ahead);
      visit(i);
    });
  }

  // Memory of what belongs to it alone, or to it and other versions of it, beside its own and that
  // of the orders.
  size_t bytes_beside() const {
    const auto sum = [](const auto&... columns) { return (columns.bytes_beside() + ...); };
    return sum(state.spend_micros, state.refunded_micros, state.purchase_count,
               state.repeat_order_days, state.spend_days, state.repeat_spend_micros, attributes,
               distinct_products, favorite_category, other_activity) +
           rare.bytes() + (profiles != nullptr ? profiles->bytes() : 0);
  }

  // Calls `visit(date, value_micros, qualifies)` for each order of a customer, by date.
  template <typename Visit>
  void ForEachOrder(size_t i, Visit&& visit) const {
    const OrderBlock* const block = orders[i / kBlockCustomers].get();
    if (block != nullptr) block->ForEach(i % kBlockCustomers, visit);
  }
  // Calls `visit(date, value_micros)` for those of them that are dated up to an instant.
  template <typename Visit>
  void ForEachOrderUpTo(size_t i, int64_t last_seconds, const Visit& visit) const {
    const OrderBlock* const block = orders[i / kBlockCustomers].get();
    if (block != nullptr) block->ForEachUpTo(i % kBlockCustomers, last_seconds, visit);
  }

 private:
  // Of the first, who is taken out of them. Inline: GCC drops calls that do nothing else.
  [[gnu::always_inline]] void FetchOrdersOfNext(CustomerBits* customers) const {
    if (*customers == 0) return;
    const auto i = static_cast<size_t>(std::countr_zero(*customers));
    *customers &= *customers - 1;
    const OrderBlock* const block = orders[i / kBlockCustomers].get();
    if (block != nullptr) block->Prefetch(i % kBlockCustomers);
  }

  uint32_t ActivityOfOrders(size_t i) const {
    return state.purchase_count[i] >= 1 ? state.last[i] : kNoInstant;
  }
};

// Allocations come in steps: the next one is a fifth more.
static_assert(sizeof(CustomerChunk) <= 2'560);

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_CUSTOMER_CHUNK_H_
