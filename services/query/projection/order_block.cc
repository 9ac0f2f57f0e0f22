#include "services/query/projection/order_block.h"

#include <algorithm>
#include <utility>

namespace clv::query {

bool OrderBlock::AreCents(absl::Span<const ProjectedOrder> orders) {
  constexpr int64_t kMostCents = std::numeric_limits<int32_t>::max();
  return std::all_of(orders.begin(), orders.end(), [](const ProjectedOrder& order) {
    const int64_t cents = order.value_micros / kMicrosPerCent;
    return order.value_micros % kMicrosPerCent == 0 && cents <= kMostCents && cents >= -kMostCents;
  });
}

OrderBlock::OrderBlock(const Orders& orders) {
  size_t count = 0;
  bool are_cents = true;
  for (const auto& of_customer : orders) {
    count += of_customer.size();
    are_cents &= AreCents(of_customer);
  }
  dates_.reserve(count);
  if (are_cents) {
    values_.reserve(count);
  } else {
    wide_values_.reserve(count);
  }
  for (size_t customer = 0; customer < orders.size(); ++customer) {
    if (are_cents) {
      AppendCents(orders[customer]);
    } else {
      for (const ProjectedOrder& order : orders[customer]) {
        const bool is_refunded = order.value_micros == 0 && !order.qualifies;
        dates_.push_back(order.date);
        wide_values_.push_back(is_refunded ? kRefunded<int64_t> : order.value_micros);
      }
    }
    begins_[customer + 1] = static_cast<uint32_t>(dates_.size());
  }
}

void OrderBlock::AppendCents(absl::Span<const ProjectedOrder> orders) {
  for (const ProjectedOrder& order : orders) {
    const bool is_refunded = order.value_micros == 0 && !order.qualifies;
    dates_.push_back(order.date);
    values_.push_back(is_refunded ? kRefunded<int32_t>
                                  : static_cast<int32_t>(order.value_micros / kMicrosPerCent));
  }
}

OrderBlock OrderBlock::With(absl::Span<const Change> changes) const {
  std::array<const std::vector<ProjectedOrder>*, kBlockCustomers> changed = {};
  bool are_cents = wide_values_.empty();
  for (const auto& [customer, orders] : changes) {
    changed[customer] = &orders;
    are_cents &= AreCents(orders);
  }
  if (!are_cents) {
    Orders orders;
    for (size_t i = 0; i < kBlockCustomers; ++i) {
      orders[i] = changed[i] != nullptr ? *changed[i] : OrdersOf(i);
    }
    return OrderBlock(orders);
  }
  size_t count = dates_.size();
  for (size_t i = 0; i < kBlockCustomers; ++i) {
    if (changed[i] != nullptr) count = count - this->count(i) + changed[i]->size();
  }
  OrderBlock next;
  next.dates_.reserve(count);
  next.values_.reserve(count);
  for (size_t i = 0; i < kBlockCustomers; ++i) {
    if (changed[i] != nullptr) {
      next.AppendCents(*changed[i]);
    } else {
      next.dates_.insert(next.dates_.end(), dates_.begin() + begins_[i],
                         dates_.begin() + begins_[i + 1]);
      next.values_.insert(next.values_.end(), values_.begin() + begins_[i],
                          values_.begin() + begins_[i + 1]);
    }
    next.begins_[i + 1] = static_cast<uint32_t>(next.dates_.size());
  }
  return next;
}

OrderBlock::OrderBlock(Parts parts)
    : begins_(parts.begins),
      dates_(std::move(parts.dates)),
      values_(std::move(parts.cents)),
      wide_values_(std::move(parts.micros)) {}

bool OrderBlock::AreWhole(const Parts& parts) {
  return parts.begins.front() == 0 && std::is_sorted(parts.begins.begin(), parts.begins.end()) &&
         parts.begins.back() == parts.dates.size() &&
         parts.cents.size() + parts.micros.size() == parts.dates.size() &&
         (parts.cents.empty() || parts.micros.empty());
}

std::pair<OrderBlock::Range, OrderBlock::Range> OrderBlock::Difference(
    size_t customer, const OrderBlock& other) const {
  Range here{0, count(customer)};
  Range there{0, other.count(customer)};
  if (wide_values_.empty() != other.wide_values_.empty()) return {here, there};
  const auto is_same = [&](size_t a, size_t b) {
    a += begins_[customer];
    b += other.begins_[customer];
    return dates_[a] == other.dates_[b] &&
           (wide_values_.empty() ? values_[a] == other.values_[b]
                                 : wide_values_[a] == other.wide_values_[b]);
  };
  for (; here.begin < here.end && there.begin < there.end && is_same(here.begin, there.begin);) {
    ++here.begin;
    ++there.begin;
  }
  for (;
       here.begin < here.end && there.begin < there.end && is_same(here.end - 1, there.end - 1);) {
    --here.end;
    --there.end;
  }
  return {here, there};
}

std::vector<ProjectedOrder> OrderBlock::OrdersOf(size_t customer) const {
  std::vector<ProjectedOrder> orders;
  orders.reserve(count(customer));
  ForEach(customer, [&](uint32_t date, int64_t value_micros, bool qualifies) {
    orders.push_back({date, value_micros, qualifies});
  });
  return orders;
}

ProjectedOrder OrderBlock::OrderOf(size_t customer, size_t index) const {
  const size_t i = begins_[customer] + index;
  const bool is_wide = !wide_values_.empty();
  const bool is_refunded =
      is_wide ? wide_values_[i] == kRefunded<int64_t> : values_[i] == kRefunded<int32_t>;
  if (is_refunded) return {dates_[i], 0, false};
  const int64_t value = is_wide ? wide_values_[i] : int64_t{values_[i]} * kMicrosPerCent;
  return {dates_[i], value, value >= 0};
}

size_t OrderBlock::bytes() const {
  return sizeof(*this) + dates_.capacity() * sizeof(dates_[0]) +
         values_.capacity() * sizeof(values_[0]) +
         wide_values_.capacity() * sizeof(wide_values_[0]);
}

}  // namespace clv::query
