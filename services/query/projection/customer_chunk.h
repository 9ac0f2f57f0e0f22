// services/query/projection/customer_chunk.h: the columns of a few dozen customers.
#ifndef CLV_SERVICES_QUERY_PROJECTION_CUSTOMER_CHUNK_H_
#define CLV_SERVICES_QUERY_PROJECTION_CUSTOMER_CHUNK_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "common/domain/value_groups.h"
#include "common/storage/projected_customer.h"
#include "services/query/projection/order_block.h"
#include "services/query/projection/rare_list.h"

namespace clv::query {

inline constexpr size_t kChunkCustomers = 64;
inline constexpr size_t kChunkBlocks = kChunkCustomers / kBlockCustomers;
static_assert(kChunkCustomers <= RareList::kMostCustomers);

using storage::ImportedRecord;
using storage::kNoInstant;
using storage::OrderRow;

template <typename T>
using Column = std::array<T, kChunkCustomers>;

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
  Column<int64_t> spend_micros = {};
  Column<int64_t> refunded_micros = {};
  Column<int64_t> purchase_count = {};
  Column<int64_t> repeat_order_days = {};
  Column<uint32_t> first = {};
  Column<uint32_t> last = {};
  Column<uint32_t> visible_rows = {};
  // See domain::CustomerHistory; the imported record included.
  Column<uint32_t> spend_days = {};
  Column<int64_t> repeat_spend_micros = {};
  Column<uint8_t> imported = {};  // whether a record is visible

  int64_t LifespanSeconds(size_t i) const {
    return purchase_count[i] >= 2 ? int64_t{last[i]} - int64_t{first[i]} : 0;
  }
};

// Columns by index of the customer in the chunk. Immutable once it is part of a version; the next
// version shares the chunks that did not change, and the blocks of orders that did not.
struct CustomerChunk {
  StateColumns state;          // at the end of time
  Column<uint8_t> known = {};  // 0: removed, or no customer has the number yet
  Column<uint8_t> described = {};
  Column<uint32_t> attributes = {};  // index into the version's attribute sets
  Column<uint32_t> signup = {};      // kNoInstant: none
  Column<uint32_t> updated_at = {};
  Column<uint32_t> last_activity = {};  // kNoInstant: none
  // By index of domain::kEarlyValueDays: the value of all orders dated from the first purchase
  // until so many days after it; 0 with an imported record.
  std::array<Column<int64_t>, domain::kEarlyValueDays.size()> early_micros = {};
  Column<double> predicted_clv = {};  // by default, where a fitted model serves
  Column<uint32_t> distinct_products = {};
  Column<uint32_t> favorite_category = {};  // index into the version's categories, from 1; 0: none
  Column<const char*> id = {};
  Column<uint16_t> id_size = {};
  std::array<std::shared_ptr<const OrderBlock>, kChunkBlocks> orders;
  RareList rare;

  std::string_view Id(size_t i) const { return {id[i], id_size[i]}; }

  // Fetches the lines of memory where a customer's columns are that purchases change, and those
  // that lead to the id, orders and rare facts. Inline: GCC drops calls that do nothing else.
  [[gnu::always_inline]] void PrefetchFacts(size_t i) const {
    const auto fetch = [i](const auto&... columns) __attribute__((always_inline)) {
      (__builtin_prefetch(&columns[i]), ...);
    };
    fetch(state.spend_micros, state.refunded_micros, state.purchase_count, state.repeat_order_days,
          state.first, state.last, state.imported, known, described, attributes, signup,
          early_micros[0], early_micros[1], early_micros[2], id, id_size);
    __builtin_prefetch(&orders[i / kBlockCustomers]);
    __builtin_prefetch(&rare);
  }

  // Calls `visit(date, value_micros, qualifies)` for each order of a customer, by date.
  template <typename Visit>
  void ForEachOrder(size_t i, Visit&& visit) const {
    const OrderBlock* const block = orders[i / kBlockCustomers].get();
    if (block != nullptr) block->ForEach(i % kBlockCustomers, visit);
  }
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_CUSTOMER_CHUNK_H_
