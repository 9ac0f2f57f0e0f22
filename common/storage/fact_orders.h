// common/storage/fact_orders.h: the orders of one customer's purchases.
#ifndef CLV_COMMON_STORAGE_FACT_ORDERS_H_
#define CLV_COMMON_STORAGE_FACT_ORDERS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "common/storage/purchase_fact.h"

namespace clv::storage {

// Tells rows that are orders of their own, as almost all are, from those that may share one, and
// brings the latter together. Thread-compatible; keeps its memory.
class FactOrders {
 public:
  // `rows`, by purchase_id, must outlive what is asked about them.
  void Group(absl::Span<const PurchaseFact> rows);

  // Whether the row at an index is an order of its own.
  bool IsAlone(size_t index) const { return together_.empty() || is_alone_[index] != 0; }

  // The others: by order(), rows of one order by purchase_id.
  absl::Span<const PurchaseFact* const> together() const { return together_; }

  // Calls `visit` with the rows of each order that is among them, by order().
  template <typename Visit>
  void ForEachShared(const Visit& visit) const {
    for (size_t begin = 0; begin < together_.size();) {
      size_t end = begin + 1;
      while (end < together_.size() && together_[end]->order() == together_[begin]->order()) ++end;
      visit(together().subspan(begin, end - begin));
      begin = end;
    }
  }

 private:
  std::vector<uint8_t> is_alone_;  // of no meaning while no rows are together
  std::vector<const PurchaseFact*> together_;
};

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_FACT_ORDERS_H_
