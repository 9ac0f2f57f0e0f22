#include "services/query/projection/order_block.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace clv::query {
namespace {

constexpr int64_t kCent = 10'000;

void ExpectKept(const OrderBlock::Orders& orders) {
  const OrderBlock block(orders);
  for (size_t customer = 0; customer < kBlockCustomers; ++customer) {
    EXPECT_EQ(block.count(customer), orders[customer].size());
    EXPECT_EQ(block.OrdersOf(customer), orders[customer]) << customer;
    for (size_t i = 0; i < orders[customer].size(); ++i) {
      EXPECT_EQ(block.OrderOf(customer, i), orders[customer][i]) << customer;
    }
  }
}

void ExpectSums(const OrderBlock& block, const std::vector<ProjectedOrder>& orders,
                uint32_t first_date, uint32_t last_date) {
  OrderBlock::Sums expected;
  for (const ProjectedOrder& order : orders) {
    if (order.date < first_date || order.date > last_date) continue;
    expected.value_micros += order.value_micros;
    expected.negative_micros += std::min<int64_t>(0, order.value_micros);
    if (!order.qualifies) continue;
    ++expected.qualifying;
    expected.first = std::min(expected.first, order.date);
    expected.last = std::max(expected.last, order.date);
  }
  const OrderBlock::Sums sums = block.SumsOf(3, first_date, last_date);
  EXPECT_EQ(sums.value_micros, expected.value_micros);
  EXPECT_EQ(sums.negative_micros, expected.negative_micros);
  EXPECT_EQ(sums.qualifying, expected.qualifying);
  if (sums.qualifying == 0) return;
  EXPECT_EQ(sums.first, expected.first);
  EXPECT_EQ(sums.last, expected.last);
}

TEST(OrderBlockTest, SumsWhatLiesInsideAnyBounds) {
  for (const int64_t unit : {kCent, int64_t{1}}) {  // narrow, wide
    for (size_t count = 0; count < 12; ++count) {
      OrderBlock::Orders orders;
      orders[2] = {{5, kCent, true}};
      orders[4] = {{5, kCent, true}};
      for (uint32_t i = 0; i < count; ++i) {
        const int64_t value = int64_t{i % 4} * unit - (i % 5 == 3 ? 2 * unit : 0);
        orders[3].push_back({2 + i / 3 * 2, value, value > 0 || (value == 0 && i % 2 == 0)});
      }
      const OrderBlock block(orders);
      for (uint32_t first = 0; first < 12; ++first) {
        for (const uint32_t last : {0U, 1U, 2U, 3U, 4U, 5U, 8U, 9U, UINT32_MAX}) {
          ExpectSums(block, orders[3], first, last);
        }
      }
    }
  }
}

TEST(OrderBlockTest, GoesThroughOrdersUpToAnInstant) {
  for (const int64_t cause : {int64_t{0}, int64_t{1}}) {  // narrow, wide
    OrderBlock::Orders orders;
    orders[0] = {{3, INT64_MAX * cause}};
    orders[1] = {{3, kCent}, {3, 2 * kCent}, {5, -kCent, false}, {9, 3 * kCent}};
    orders[2] = {{3, kCent}};
    const OrderBlock block(orders);
    const auto up_to = [&](int64_t last_seconds) {
      std::vector<std::pair<uint32_t, int64_t>> visited;
      block.ForEachUpTo(1, last_seconds, [&](uint32_t date, int64_t value_micros) {
        visited.emplace_back(date, value_micros);
      });
      return visited;
    };
    using Visited = std::vector<std::pair<uint32_t, int64_t>>;
    EXPECT_EQ(up_to(-1), Visited());
    EXPECT_EQ(up_to(2), Visited());
    EXPECT_EQ(up_to(4), (Visited{{3, kCent}, {3, 2 * kCent}}));
    EXPECT_EQ(up_to(5), (Visited{{3, kCent}, {3, 2 * kCent}, {5, -kCent}}));
    EXPECT_EQ(up_to(INT64_MAX).size(), 4u);
  }
}

TEST(OrderBlockTest, HoldsNobodysOrders) { ExpectKept({}); }

TEST(OrderBlockTest, KnowsPartsThatMakeNoSense) {
  const auto are_whole = [](const auto& spoil) {
    OrderBlock::Parts parts;
    parts.begins.fill(2);
    parts.begins.front() = 0;
    parts.layout = {.date_bits = 32, .value_bits = 64};
    spoil(parts);
    return parts.are_whole();
  };
  EXPECT_TRUE(are_whole([](auto&) {}));
  EXPECT_FALSE(are_whole([](auto& parts) { parts.begins.front() = 1; }));
  EXPECT_FALSE(are_whole([](auto& parts) { parts.begins[5] = 3; }));
  EXPECT_FALSE(are_whole([](auto& parts) { parts.layout.date_bits = 33; }));
  EXPECT_FALSE(are_whole([](auto& parts) { parts.layout.value_bits = 65; }));
  EXPECT_FALSE(are_whole([](auto& parts) { parts.layout.is_cents = 2; }));
}

TEST(OrderBlockTest, TakesAsManyBitsAsDatesAndValuesNeed) {
  OrderBlock::Orders orders;
  for (uint32_t n = 0; n < 64; ++n) orders[n % 5].push_back({1'000 + n * 10, n * kCent, true});
  ExpectKept(orders);
  const size_t empty = OrderBlock(OrderBlock::Orders()).bytes();
  // 630 seconds and 64 values, of which a code more: 10 and 7 bits.
  EXPECT_EQ(OrderBlock(orders).bytes() - empty, 64 * (10 + 7) / 8);
  orders[15] = {{1'000, 1, true}};  // 64 values of 10,000 micros: 20 bits
  EXPECT_EQ(OrderBlock(orders).bytes() - empty, (65 * (10 + 20) / 64 + 1) * 8);
}

TEST(OrderBlockTest, KeepsDatesAndValuesAnyDistanceApart) {
  for (const uint32_t date : {0U, 1U, 7U, 1U << 31, UINT32_MAX}) {
    for (const int64_t value : {int64_t{0}, int64_t{1}, kCent, 2'147'483'648 * kCent,
                                INT64_MAX / kCent * kCent, INT64_MAX}) {
      OrderBlock::Orders orders;
      orders[5] = {{0, kCent, true}, {date, value, true}};
      orders[6] = {{date, 0, false}, {date, -value, value == 0}};
      ExpectKept(orders);
      orders[7] = {{UINT32_MAX, INT64_MIN + 1, false}};
      ExpectKept(orders);
    }
  }
}

TEST(OrderBlockTest, KeepsOrdersThatAllAreRefundedAtOneInstant) {
  OrderBlock::Orders orders;
  orders[4] = {{77, 0, false}, {77, 0, false}};
  ExpectKept(orders);
  EXPECT_EQ(OrderBlock(orders).bytes(), OrderBlock(OrderBlock::Orders()).bytes());
}

TEST(OrderBlockTest, TellsOrdersThatDoNotQualify) {
  for (const int64_t cause : {int64_t{0}, int64_t{1}}) {  // narrow, wide
    OrderBlock::Orders orders;
    orders[1] = {{3, -5 * kCent, false}, {4, 0, false}, {5, 0, true}, {6, cause, true}};
    orders[2] = {{3, -2'147'483'647 * kCent, false}};
    ExpectKept(orders);
  }
}

TEST(OrderBlockTest, TheLeastNumberOfCentsIsNoRefund) {
  OrderBlock::Orders orders;
  orders[0] = {{3, -2'147'483'648 * kCent, false}, {4, 0, false}};
  ExpectKept(orders);
}

TEST(OrderBlockTest, TellsWhatDiffersFromAnother) {
  const auto ranges = [](const std::vector<ProjectedOrder>& a,
                         const std::vector<ProjectedOrder>& b) {
    OrderBlock::Orders one, other;
    one[2] = a;
    other[1] = {{5, 10'000}};
    other[2] = b;
    const auto [here, there] = OrderBlock(one).Difference(2, OrderBlock(other));
    return std::vector<size_t>{here.begin, here.end, there.begin, there.end};
  };
  const ProjectedOrder a{1, 10'000}, b{2, 20'000}, c{3, 30'000}, refunded{2, 0, false}, free{2, 0};
  using Ranges = std::vector<size_t>;
  EXPECT_EQ(ranges({a, b}, {a, b}), (Ranges{2, 2, 2, 2}));
  EXPECT_EQ(ranges({}, {a, b}), (Ranges{0, 0, 0, 2}));
  EXPECT_EQ(ranges({a, c}, {a, b, c}), (Ranges{1, 1, 1, 2}));
  EXPECT_EQ(ranges({a, b, c}, {a, c}), (Ranges{1, 2, 1, 1}));
  EXPECT_EQ(ranges({a, b, c}, {b, b, c}), (Ranges{0, 1, 0, 1}));
  EXPECT_EQ(ranges({b}, {b, b}), (Ranges{1, 1, 1, 2}));
  EXPECT_EQ(ranges({a, refunded, c}, {a, free, c}), (Ranges{1, 2, 1, 2}));
  // Of other units, dates and values.
  EXPECT_EQ(ranges({a, b}, {a, {2, 1}}), (Ranges{1, 2, 1, 2}));
  EXPECT_EQ(ranges({a, b}, {a, {UINT32_MAX, INT64_MAX}}), (Ranges{1, 2, 1, 2}));
  EXPECT_EQ(ranges({a, {9, INT64_MAX}}, {a, {9, INT64_MAX - 1}}), (Ranges{1, 2, 1, 2}));
  EXPECT_EQ(ranges({a, {2, 1}}, {a, {2, 2}}), (Ranges{1, 2, 1, 2}));
}

// Of any width, so that they fit into the layout that is there or do not.
std::vector<ProjectedOrder> AnyOrders() {
  const int date_bits = *rc::gen::inRange(0, 33);
  const int value_bits = *rc::gen::inRange(0, 50);
  const int64_t unit = *rc::gen::element(kCent, int64_t{1});
  std::vector<ProjectedOrder> orders;
  for (int n = *rc::gen::inRange(0, 40); n > 0; --n) {
    const auto date =
        static_cast<uint32_t>(*rc::gen::inRange<uint64_t>(0, uint64_t{1} << date_bits));
    const auto units =
        static_cast<int64_t>(*rc::gen::inRange<uint64_t>(0, uint64_t{1} << value_bits));
    const bool is_negative = *rc::gen::inRange(0, 5) == 0;
    orders.push_back({date, is_negative ? -units * unit : units * unit, !is_negative});
  }
  std::sort(orders.begin(), orders.end(),
            [](const ProjectedOrder& a, const ProjectedOrder& b) { return a.date < b.date; });
  return orders;
}

RC_GTEST_PROP(OrderBlockTest, HoldsWhatCustomersHadLast, ()) {
  OrderBlock::Orders expected;
  OrderBlock block(expected);
  for (int step = *rc::gen::inRange(1, 20); step > 0; --step) {
    std::vector<OrderBlock::Change> changes;
    for (int n = *rc::gen::inRange(0, 4); n > 0; --n) {
      changes.emplace_back(*rc::gen::inRange<size_t>(0, kBlockCustomers), AnyOrders());
      expected[changes.back().first] = changes.back().second;
    }
    block = block.With(changes);
    for (size_t i = 0; i < kBlockCustomers; ++i) {
      RC_ASSERT(block.OrdersOf(i) == expected[i]);
      for (size_t n = 0; n < expected[i].size(); ++n) {
        RC_ASSERT(block.DateOf(i, n) == expected[i][n].date);
      }
    }
    ExpectSums(block, expected[3], *rc::gen::arbitrary<uint32_t>(),
               *rc::gen::arbitrary<uint32_t>());
  }
}

// Blocks of cents and of micros, and changes that keep a block what it is or make it the other.
TEST(OrderBlockTest, GivesEveryoneElsesOrdersAsTheyWere) {
  for (const int64_t unit : {kCent, int64_t{1}}) {
    OrderBlock::Orders orders;
    orders[0] = {{1, 5 * unit, true}, {1, 0, false}, {7, 9 * unit, true}};
    orders[3] = {{2, -4 * unit, false}};
    orders[kBlockCustomers - 2] = {{8, 3 * unit, true}, {9, 2 * unit, true}};
    orders[kBlockCustomers - 1] = {{9, unit, true}};
    const OrderBlock block(orders);
    const std::vector<std::vector<OrderBlock::Change>> changes = {
        {},
        {{0, {}}},
        {{kBlockCustomers - 1, {{4, 6 * kCent, true}, {5, 0, false}}}},
        {{1, {{4, kCent, true}}}, {kBlockCustomers - 2, {}}, {3, {{6, 1, true}}}},
        {{2, {{4, kCent, true}}}, {2, {{5, 2 * kCent, true}}}},
        {{0, {}}, {3, {}}, {kBlockCustomers - 2, {}}, {kBlockCustomers - 1, {}}}};
    for (size_t n = 0; n < changes.size(); ++n) {
      OrderBlock::Orders expected = orders;
      for (const auto& [customer, of_customer] : changes[n]) expected[customer] = of_customer;
      const OrderBlock changed = block.With(changes[n]);
      for (size_t i = 0; i < kBlockCustomers; ++i) {
        EXPECT_EQ(changed.OrdersOf(i), expected[i]) << unit << ": change " << n << ", " << i;
      }
    }
  }
}

}  // namespace
}  // namespace clv::query
