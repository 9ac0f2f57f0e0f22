// services/query/projection/order_block.h: the orders of a few customers, packed.
#ifndef CLV_SERVICES_QUERY_PROJECTION_ORDER_BLOCK_H_
#define CLV_SERVICES_QUERY_PROJECTION_ORDER_BLOCK_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "absl/types/span.h"

namespace clv::query {

// An order in the reporting currency.
struct ProjectedOrder {
  uint32_t date = 0;  // UTC seconds
  int64_t value_micros = 0;
  bool qualifies = true;

  bool operator==(const ProjectedOrder&) const = default;
};

// Customers of one block.
inline constexpr size_t kBlockCustomers = 32;

// The orders of kBlockCustomers customers, each customer's by date, then order_id. Immutable. About
// 8 bytes an order where all values are whole cents below 21 million, else 12.
class OrderBlock {
 public:
  using Orders = std::array<std::vector<ProjectedOrder>, kBlockCustomers>;

  explicit OrderBlock(const Orders& orders);

  size_t count(size_t customer) const { return begins_[customer + 1] - begins_[customer]; }

  // Calls `visit(date, value_micros, qualifies)` for each order of a customer.
  template <typename Visit>
  void ForEach(size_t customer, Visit&& visit) const {
    if (wide_values_.empty()) {
      ForEachOf(customer, values_.data(), int64_t{kMicrosPerCent}, visit);
    } else {
      ForEachOf(customer, wide_values_.data(), int64_t{1}, visit);
    }
  }

  ProjectedOrder order(size_t customer, size_t index) const;
  std::vector<ProjectedOrder> OrdersOf(size_t customer) const;

  // In memory.
  size_t bytes() const;

 private:
  static constexpr int64_t kMicrosPerCent = 10'000;
  // The least number stands for an order of value 0 that does not qualify, other negative ones do
  // not qualify either.
  template <typename Value>
  static constexpr Value kRefunded = std::numeric_limits<Value>::min();

  template <typename Value, typename Visit>
  void ForEachOf(size_t customer, const Value* values, int64_t unit, Visit& visit) const {
    for (uint32_t i = begins_[customer]; i < begins_[customer + 1]; ++i) {
      const Value value = values[i];
      visit(dates_[i], value == kRefunded<Value> ? int64_t{0} : int64_t{value} * unit, value >= 0);
    }
  }

  std::array<uint32_t, kBlockCustomers + 1> begins_ = {};
  std::vector<uint32_t> dates_;
  std::vector<int32_t> values_;       // cents, or
  std::vector<int64_t> wide_values_;  // micros
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_ORDER_BLOCK_H_
