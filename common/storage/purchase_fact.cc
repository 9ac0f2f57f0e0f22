#include "common/storage/purchase_fact.h"

#include <algorithm>

namespace clv::storage {

void SortByOrder(std::vector<const PurchaseFact*>* rows) {
  const auto is_before = [](const PurchaseFact* a, const PurchaseFact* b) {
    const int order = a->order().compare(b->order());
    return order != 0 ? order < 0 : a->purchase_id < b->purchase_id;
  };
  const auto joined = std::stable_partition(
      rows->begin(), rows->end(), [](const PurchaseFact* row) { return row->order_id.empty(); });
  std::sort(joined, rows->end(), is_before);
  std::inplace_merge(rows->begin(), joined, rows->end(), is_before);
}

}  // namespace clv::storage
