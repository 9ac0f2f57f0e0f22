#include "services/query/projection/order_block.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace clv::query {
namespace {

bool IsRefunded(const ProjectedOrder& order) { return order.value_micros == 0 && !order.qualifies; }

// Finds the layout of orders.
class LayoutChoice {
 public:
  void Add(const ProjectedOrder& order) {
    first_ = std::min(first_, order.date);
    last_ = std::max(last_, order.date);
    if (IsRefunded(order)) return;
    are_cents_ &= order.value_micros % kMicrosPerCent == 0;
    least_ = std::min(least_, order.value_micros);
    greatest_ = std::max(greatest_, order.value_micros);
  }

  OrderLayout Choose() const {
    OrderLayout layout;
    if (first_ > last_) return layout;  // there are none
    layout.first_date = first_;
    layout.date_bits = static_cast<uint8_t>(std::bit_width(last_ - first_));
    layout.is_cents = are_cents_ ? 1 : 0;
    if (least_ > greatest_) return layout;  // all are refunded
    const int64_t unit = layout.unit_micros();
    layout.least = least_ / unit;
    const uint64_t codes =
        static_cast<uint64_t>(greatest_ / unit) - static_cast<uint64_t>(layout.least) + 1;
    layout.value_bits = static_cast<uint8_t>(std::bit_width(codes));
    return layout;
  }

 private:
  static constexpr int64_t kMicrosPerCent = 10'000;

  uint32_t first_ = UINT32_MAX;
  uint32_t last_ = 0;
  int64_t least_ = INT64_MAX;
  int64_t greatest_ = INT64_MIN;
  bool are_cents_ = true;
};

// Of an order that fits.
uint64_t CodeOf(const OrderLayout& layout, const ProjectedOrder& order) {
  if (IsRefunded(order)) return 0;
  return static_cast<uint64_t>(order.value_micros / layout.unit_micros()) -
         static_cast<uint64_t>(layout.least) + 1;
}

bool Fits(const OrderLayout& layout, const ProjectedOrder& order) {
  const uint64_t age = uint64_t{order.date} - layout.first_date;  // earlier ones: very great
  if (std::bit_width(age) > layout.date_bits) return false;
  if (IsRefunded(order)) return true;
  const int64_t unit = layout.unit_micros();
  return order.value_micros % unit == 0 && order.value_micros / unit >= layout.least &&
         std::bit_width(CodeOf(layout, order)) <= layout.value_bits;
}

}  // namespace

OrderBlock::OrderBlock(const Orders& orders) {
  LayoutChoice choice;
  for (size_t customer = 0; customer < kBlockCustomers; ++customer) {
    for (const ProjectedOrder& order : orders[customer]) choice.Add(order);
    parts_.begins[customer + 1] =
        parts_.begins[customer] + static_cast<uint32_t>(orders[customer].size());
  }
  parts_.layout = choice.Choose();
  parts_.words = std::make_unique<uint64_t[]>(parts_.word_count());
  BitWriter writer(parts_.words.get());
  for (const auto& of_customer : orders) {
    for (const ProjectedOrder& order : of_customer) Put(order, &writer);
  }
}

void OrderBlock::Put(const ProjectedOrder& order, BitWriter* writer) const {
  const OrderLayout& layout = parts_.layout;
  writer->Put(order.date - layout.first_date, layout.date_bits);
  writer->Put(CodeOf(layout, order), layout.value_bits);
}

OrderBlock OrderBlock::With(absl::Span<const Change> changes) const {
  std::array<const std::vector<ProjectedOrder>*, kBlockCustomers> changed = {};
  for (const auto& [customer, orders] : changes) changed[customer] = &orders;
  const OrderLayout& layout = parts_.layout;
  const bool fit = std::all_of(changed.begin(), changed.end(), [&](const auto* orders) {
    return orders == nullptr ||
           std::all_of(orders->begin(), orders->end(),
                       [&](const ProjectedOrder& order) { return Fits(layout, order); });
  });
  if (!fit) {
    Orders orders;
    for (size_t i = 0; i < kBlockCustomers; ++i) {
      orders[i] = changed[i] != nullptr ? *changed[i] : OrdersOf(i);
    }
    return OrderBlock(orders);
  }
  Parts parts;
  parts.layout = layout;
  for (size_t i = 0; i < kBlockCustomers; ++i) {
    parts.begins[i + 1] =
        parts.begins[i] +
        static_cast<uint32_t>(changed[i] != nullptr ? changed[i]->size() : count(i));
  }
  parts.words = std::make_unique<uint64_t[]>(parts.word_count());
  OrderBlock next(std::move(parts));
  BitWriter writer(next.parts_.words.get());
  for (size_t i = 0; i < kBlockCustomers;) {
    if (changed[i] != nullptr) {
      for (const ProjectedOrder& order : *changed[i]) next.Put(order, &writer);
      ++i;
      continue;
    }
    const size_t begin = parts_.begins[i];
    while (i < kBlockCustomers && changed[i] == nullptr) ++i;
    writer.Copy(parts_.words.get(), begin * layout.bits(),
                (parts_.begins[i] - begin) * layout.bits());
  }
  return next;
}

bool OrderBlock::Parts::are_whole() const {
  return begins.front() == 0 && std::is_sorted(begins.begin(), begins.end()) &&
         layout.date_bits <= 32 && layout.value_bits <= 64 && layout.is_cents <= 1;
}

std::pair<OrderBlock::Range, OrderBlock::Range> OrderBlock::Difference(
    size_t customer, const OrderBlock& other) const {
  Range here{0, count(customer)};
  Range there{0, other.count(customer)};
  const Reader reader(*this);
  const bool are_alike = parts_.layout == other.parts_.layout && reader.IsNarrow();
  const uint64_t mask = are_alike ? LowBits(parts_.layout.bits()) : 0;
  const Reader other_reader(other);
  const auto is_same = [&](size_t a, size_t b) {
    if (!are_alike) return OrderOf(customer, a) == other.OrderOf(customer, b);
    return ((reader.At(parts_.begins[customer] + a) ^
             other_reader.At(other.parts_.begins[customer] + b)) &
            mask) == 0;
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
  ProjectedOrder order;
  ForEachIn(customer, {index, index + 1}, [&](uint32_t date, int64_t value_micros, bool qualifies) {
    order = {date, value_micros, qualifies};
  });
  return order;
}

}  // namespace clv::query
