#include "common/storage/fact_orders.h"

#include <algorithm>
#include <string_view>

namespace clv::storage {

void FactOrders::Group(absl::Span<const PurchaseFact> rows) {
  together_.clear();
  for (const PurchaseFact& row : rows) {
    if (!row.order_id.empty()) together_.push_back(&row);
  }
  if (together_.empty()) return;
  is_alone_.assign(rows.size(), 1);
  for (const PurchaseFact* row : together_) is_alone_[static_cast<size_t>(row - rows.data())] = 0;
  // A row without an order_id is of the order that others name by its purchase_id.
  for (size_t i = 0, named = together_.size(); i < named; ++i) {
    const auto head = std::lower_bound(
        rows.begin(), rows.end(), together_[i]->order_id,
        [](const PurchaseFact& row, std::string_view id) { return row.purchase_id < id; });
    if (head == rows.end() || head->purchase_id != together_[i]->order_id) continue;
    uint8_t& is_alone = is_alone_[static_cast<size_t>(head - rows.begin())];
    if (is_alone == 0) continue;
    is_alone = 0;
    together_.push_back(&*head);
  }
  std::sort(together_.begin(), together_.end(), [](const PurchaseFact* a, const PurchaseFact* b) {
    const int order = a->order().compare(b->order());
    return order != 0 ? order < 0 : a->purchase_id < b->purchase_id;
  });
}

}  // namespace clv::storage
