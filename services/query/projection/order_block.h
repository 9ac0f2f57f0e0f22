// services/query/projection/order_block.h: the orders of a few customers, packed.
#ifndef CLV_SERVICES_QUERY_PROJECTION_ORDER_BLOCK_H_
#define CLV_SERVICES_QUERY_PROJECTION_ORDER_BLOCK_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "common/storage/projected_customer.h"

namespace clv::query {

using storage::ProjectedOrder;

// Customers of one block.
inline constexpr size_t kBlockCustomers = 16;

// The orders of kBlockCustomers customers, each customer's by date, then order_id. Immutable. About
// 8 bytes an order where all values are whole cents below 21 million, else 12.
class OrderBlock {
 public:
  using Orders = std::array<std::vector<ProjectedOrder>, kBlockCustomers>;

  explicit OrderBlock(const Orders& orders);

  // The orders that customers of a block have now, which replace what they had. Of a
  // customer's changes the last counts.
  using Change = std::pair<size_t, std::vector<ProjectedOrder>>;
  OrderBlock With(absl::Span<const Change> changes) const;

  // What a block is made of: `begins` into the orders, rising, from 0 to their number, and dates;
  // cents or else micros, of which one is empty.
  struct Parts {
    std::array<uint32_t, kBlockCustomers + 1> begins = {};
    std::vector<uint32_t> dates;
    std::vector<int32_t> cents;
    std::vector<int64_t> micros;
  };
  explicit OrderBlock(Parts parts);
  // Whether they make a block.
  static bool AreWhole(const Parts& parts);
  const std::array<uint32_t, kBlockCustomers + 1>& begins() const { return begins_; }
  const std::vector<uint32_t>& dates() const { return dates_; }
  const std::vector<int32_t>& cents() const { return values_; }
  const std::vector<int64_t>& micros() const { return wide_values_; }

  size_t count(size_t customer) const { return begins_[customer + 1] - begins_[customer]; }

  // Calls `visit(date, value_micros, qualifies)` for each order of a customer.
  template <typename Visit>
  void ForEach(size_t customer, Visit&& visit) const {
    ForEachIn(customer, {0, count(customer)}, visit);
  }

  // Some of a customer's orders, by index.
  struct Range {
    size_t begin = 0;
    size_t end = 0;
  };
  // Likewise for those in the range.
  template <typename Visit>
  void ForEachIn(size_t customer, Range range, Visit&& visit) const {
    if (wide_values_.empty()) {
      ForEachOf(customer, range, values_.data(), int64_t{kMicrosPerCent}, visit);
    } else {
      ForEachOf(customer, range, wide_values_.data(), int64_t{1}, visit);
    }
  }

  // The dates of a customer's orders, rising.
  absl::Span<const uint32_t> DatesOf(size_t customer) const {
    return absl::MakeConstSpan(dates_).subspan(begins_[customer], count(customer));
  }

  // What is left of a customer's orders here and in another block without those that both begin
  // and end with: first the range here, then the one there.
  std::pair<Range, Range> Difference(size_t customer, const OrderBlock& other) const;

  // Sums over the orders of a customer that are dated inside the bounds, both included.
  struct Sums {
    int64_t value_micros = 0;
    int64_t negative_micros = 0;  // of the negative values alone
    uint32_t qualifying = 0;
    uint32_t first = UINT32_MAX;  // qualifying
    uint32_t last = 0;
  };
  Sums SumsOf(size_t customer, uint32_t first_date, uint32_t last_date) const {
    return wide_values_.empty()
               ? SumsOf(customer, values_.data(), int64_t{kMicrosPerCent}, first_date, last_date)
               : SumsOf(customer, wide_values_.data(), int64_t{1}, first_date, last_date);
  }

  // Fetches what Prefetch looks at. Both are inline: GCC drops calls that do nothing else.
  [[gnu::always_inline]] void PrefetchPlaces() const {
    for (size_t line = 0; line < sizeof(*this); line += 64) {
      __builtin_prefetch(reinterpret_cast<const char*>(this) + line);
    }
  }
  // Fetches the lines of memory that SumsOf will look at first.
  [[gnu::always_inline]] void Prefetch(size_t customer) const {
    const uint32_t begin = begins_[customer];
    const uint32_t middle = begin + static_cast<uint32_t>(count(customer) / 2);
    __builtin_prefetch(dates_.data() + begin);
    __builtin_prefetch(dates_.data() + middle);
    if (wide_values_.empty()) {
      __builtin_prefetch(values_.data() + middle);
      __builtin_prefetch(values_.data() + begins_[customer + 1]);
    } else {
      __builtin_prefetch(wide_values_.data() + middle);
    }
  }

  std::vector<ProjectedOrder> OrdersOf(size_t customer) const;
  // Wants index < count(customer).
  ProjectedOrder OrderOf(size_t customer, size_t index) const;

  // In memory.
  size_t bytes() const;

 private:
  OrderBlock() = default;
  static bool AreCents(absl::Span<const ProjectedOrder> orders);
  void AppendCents(absl::Span<const ProjectedOrder> orders);

  static constexpr int64_t kMicrosPerCent = 10'000;
  // The least number stands for an order of value 0 that does not qualify, other negative ones do
  // not qualify either.
  template <typename Value>
  static constexpr Value kRefunded = std::numeric_limits<Value>::min();

  template <typename Value, typename Visit>
  void ForEachOf(size_t customer, Range range, const Value* values, int64_t unit,
                 Visit& visit) const {
    const size_t begin = begins_[customer];
    for (size_t i = begin + range.begin; i < begin + range.end; ++i) {
      const Value value = values[i];
      visit(dates_[i], value == kRefunded<Value> ? int64_t{0} : int64_t{value} * unit, value >= 0);
    }
  }

  // The first of a customer's orders that is not dated before `date`, without a branch to miss.
  uint32_t FirstFrom(size_t customer, uint64_t date) const {
    const uint32_t* at = dates_.data() + begins_[customer];
    for (size_t left = count(customer); left > 0;) {
      const size_t half = (left + 1) / 2;
      at += at[half - 1] < date ? half : 0;
      left -= half;
    }
    return static_cast<uint32_t>(at - dates_.data());
  }

  template <typename Value>
  Sums SumsOf(size_t customer, const Value* values, int64_t unit, uint32_t first_date,
              uint32_t last_date) const {
    Sums sums;
    const uint32_t begin = FirstFrom(customer, first_date);
    // Windows mostly end with the last order.
    uint32_t end = begins_[customer + 1];
    if (begin < end && dates_[end - 1] > last_date) {
      end = FirstFrom(customer, uint64_t{last_date} + 1);
    }
    int64_t value_units = 0;
    int64_t negative_units = 0;
    uint32_t refunded = 0;
    for (uint32_t i = begin; i < end; ++i) {
      const int64_t value = values[i] != kRefunded<Value> ? int64_t{values[i]} : 0;
      value_units += value;
      negative_units += value < 0 ? value : 0;
      refunded += values[i] < 0 ? 1 : 0;
    }
    sums.value_micros = value_units * unit;
    sums.negative_micros = negative_units * unit;
    sums.qualifying = end - std::min(begin, end) - refunded;
    if (sums.qualifying == 0) return sums;
    uint32_t first = begin;
    while (values[first] < 0) ++first;
    uint32_t last = end - 1;
    while (values[last] < 0) --last;
    sums.first = dates_[first];
    sums.last = dates_[last];
    return sums;
  }

  std::array<uint32_t, kBlockCustomers + 1> begins_ = {};
  std::vector<uint32_t> dates_;
  std::vector<int32_t> values_;       // cents, or
  std::vector<int64_t> wide_values_;  // micros
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_ORDER_BLOCK_H_
