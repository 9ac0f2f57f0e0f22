// Changes of orders, applied to what they were.
#include "common/storage/orders_change.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

namespace clv::storage {
namespace {

using OrderList = std::vector<ProjectedOrder>;
using RowList = std::vector<OrderRow>;

// Of few dates and values, so that many are alike.
ProjectedOrder AnyOrder() {
  const int64_t value = *rc::gen::inRange(-1, 3);
  return {*rc::gen::inRange(0u, 4u), value * 10'000, value >= 0 && *rc::gen::arbitrary<bool>()};
}

auto ContentOf(const ProjectedOrder& order) {
  return std::tuple(order.date, order.value_micros, order.qualifies);
}

OrderList ByContent(OrderList orders) {
  std::sort(orders.begin(), orders.end(),
            [](const auto& a, const auto& b) { return ContentOf(a) < ContentOf(b); });
  return orders;
}

// Each order that has rows, with their dates.
std::vector<std::pair<ProjectedOrder, std::vector<uint32_t>>> WithRows(const OrderList& orders,
                                                                       const RowList& rows) {
  std::vector<std::pair<ProjectedOrder, std::vector<uint32_t>>> with_rows;
  uint32_t before = UINT32_MAX;
  for (const OrderRow& row : rows) {
    if (row.order != before) with_rows.push_back({orders.at(row.order), {}});
    before = row.order;
    with_rows.back().second.push_back(row.date);
  }
  return with_rows;
}

RC_GTEST_PROP(OrdersChangeProperty, AppliedGivesTheOrdersThatThereAreAndLeavesTheRowsTheirs, ()) {
  OrderList orders(*rc::gen::inRange<size_t>(0, 8));
  for (ProjectedOrder& order : orders) order = AnyOrder();
  std::stable_sort(orders.begin(), orders.end(),
                   [](const auto& a, const auto& b) { return a.date < b.date; });
  RowList rows;
  std::vector<size_t> alone;
  for (size_t i = 0; i < orders.size(); ++i) {
    if (*rc::gen::inRange(0, 3) == 0) {
      for (uint32_t n = 0; n < 2; ++n) {
        rows.push_back({static_cast<uint32_t>(i), static_cast<uint32_t>(10 * i + n), 1});
      }
    } else {
      alone.push_back(i);
    }
  }
  const auto rows_before = WithRows(orders, rows);
  // Two changes, of which the second may take away what the first has brought.
  OrderList expected = orders;
  std::vector<OrdersChange> changes(2);
  OrderList removable;
  for (const size_t i : alone) removable.push_back(orders[i]);
  for (OrdersChange& change : changes) {
    for (size_t n = *rc::gen::inRange<size_t>(0, 4); n > 0; --n) {
      change.added.push_back(AnyOrder());
      expected.push_back(change.added.back());
      removable.push_back(change.added.back());
    }
    for (size_t n = *rc::gen::inRange<size_t>(0, 4); n > 0 && !removable.empty(); --n) {
      const auto at = removable.begin() + *rc::gen::inRange<int64_t>(0, std::ssize(removable));
      change.removed.push_back(*at);
      expected.erase(std::find(expected.begin(), expected.end(), *at));
      removable.erase(at);
    }
  }
  const bool is_joined = *rc::gen::arbitrary<bool>();
  if (is_joined) {
    Join(std::move(changes[1]), &changes[0]);
    RC_ASSERT(ApplyChange(changes[0], &orders, &rows));
  } else {
    for (const OrdersChange& change : changes) RC_ASSERT(ApplyChange(change, &orders, &rows));
  }
  RC_ASSERT(ByContent(orders) == ByContent(expected));
  RC_ASSERT(std::is_sorted(orders.begin(), orders.end(),
                           [](const auto& a, const auto& b) { return a.date < b.date; }));
  RC_ASSERT(std::is_sorted(rows.begin(), rows.end(),
                           [](const auto& a, const auto& b) { return a.order < b.order; }));
  RC_ASSERT(WithRows(orders, rows) == rows_before);
}

TEST(OrdersChangeTest, AnOrderThatIsNotThereOrHasSeveralRowsIsNotTakenAway) {
  const OrderList orders = {{1, 10'000}, {2, 20'000}, {2, 30'000}};
  const RowList rows = {{1, 2, 5'000}, {1, 2, 15'000}};
  for (const ProjectedOrder& absent :
       OrderList{{0, 10'000}, {1, 20'000}, {1, 10'000, false}, {2, 20'000}, {3, 30'000}}) {
    OrdersChange change{.value = {}, .added = {}, .removed = {absent}};
    OrderList some = orders;
    RowList some_rows = rows;
    EXPECT_FALSE(ApplyChange(change, &some, &some_rows)) << absent.date;
  }
}

}  // namespace
}  // namespace clv::storage
