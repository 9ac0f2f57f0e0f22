#include "services/query/projection/order_block.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

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

TEST(OrderBlockTest, HoldsNobodysOrders) { ExpectKept({}); }

TEST(OrderBlockTest, KeepsWholeCentsInFourBytes) {
  OrderBlock::Orders orders;
  orders[0] = {{1, 5 * kCent, true}, {1, 0, true}, {7, 2'147'483'647 * kCent, true}};
  orders[kBlockCustomers - 1] = {{4'000'000'000, kCent, true}};
  ExpectKept(orders);
  OrderBlock::Orders wide = orders;
  wide[3] = {{2, 1, true}};
  EXPECT_LT(OrderBlock(orders).bytes() + 4 * 4, OrderBlock(wide).bytes());
}

TEST(OrderBlockTest, KeepsMicrosAndValuesBeyondThirtyTwoBitsOfCents) {
  for (const int64_t value : {int64_t{1}, kCent + 1, 2'147'483'648 * kCent, INT64_MAX}) {
    OrderBlock::Orders orders;
    orders[5] = {{9, kCent, true}, {10, value, true}};
    ExpectKept(orders);
  }
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

// Blocks of cents and of micros, and changes that keep a block what it is or make it the other.
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
  // Of other units all differ.
  EXPECT_EQ(ranges({a, b}, {a, {2, 1}}), (Ranges{0, 2, 0, 2}));
  EXPECT_EQ(ranges({a, {2, 1}}, {a, {2, 2}}), (Ranges{1, 2, 1, 2}));
}

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
      EXPECT_EQ(changed.bytes(), OrderBlock(expected).bytes()) << unit << ": change " << n;
    }
  }
}

}  // namespace
}  // namespace clv::query
