// services/query/projection/rare_list.h: what few customers of a chunk have.
#ifndef CLV_SERVICES_QUERY_PROJECTION_RARE_LIST_H_
#define CLV_SERVICES_QUERY_PROJECTION_RARE_LIST_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "common/storage/projected_customer.h"

namespace clv::query {

// The rare facts of up to 64 customers, by index. Copies share them until one is changed: a copy
// counts one reference, whoever has facts or not.
class RareList {
 public:
  static constexpr size_t kMostCustomers = 64;
  using Facts = std::shared_ptr<const storage::RareFacts>;

  bool Has(size_t i) const { return (mask_ >> i & 1) != 0; }
  // Null when the customer has none.
  const storage::RareFacts* Find(size_t i) const {
    return Has(i) ? (*list_)[PlaceOf(i)].get() : nullptr;
  }
  // Customers who have some.
  size_t size() const { return static_cast<size_t>(std::popcount(mask_)); }

  // Calls `visit(i, facts)` for those, rising.
  template <typename Visit>
  void ForEach(const Visit& visit) const {
    size_t place = 0;
    for (uint64_t left = mask_; left != 0; left &= left - 1) {
      visit(static_cast<size_t>(std::countr_zero(left)), *(*list_)[place++]);
    }
  }

  // Null: the customer has none from now on.
  void Put(size_t i, Facts facts) {
    if (!Has(i) && facts == nullptr) return;
    std::vector<Facts> next = list_ != nullptr ? *list_ : std::vector<Facts>();
    const auto at = next.begin() + static_cast<std::ptrdiff_t>(PlaceOf(i));
    const uint64_t bit = uint64_t{1} << i;
    if (facts == nullptr) {
      next.erase(at);
      mask_ &= ~bit;
    } else if (Has(i)) {
      *at = std::move(facts);
    } else {
      next.insert(at, std::move(facts));
      mask_ |= bit;
    }
    list_ = std::make_shared<const std::vector<Facts>>(std::move(next));
  }

 private:
  size_t PlaceOf(size_t i) const {
    return static_cast<size_t>(std::popcount(mask_ & ((uint64_t{1} << i) - 1)));
  }

  uint64_t mask_ = 0;                               // bit by index
  std::shared_ptr<const std::vector<Facts>> list_;  // of those customers; null: never one
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_RARE_LIST_H_
