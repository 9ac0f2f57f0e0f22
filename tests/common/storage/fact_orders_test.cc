#include "common/storage/fact_orders.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace clv::storage {
namespace {

using Orders = std::map<std::string_view, std::vector<const PurchaseFact*>>;

// Of the rows, from what the class tells.
Orders OrdersOf(const std::vector<PurchaseFact>& rows, const FactOrders& orders) {
  Orders all;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (orders.IsAlone(i)) all[rows[i].order()].push_back(&rows[i]);
  }
  std::string_view before;
  orders.ForEachShared([&](absl::Span<const PurchaseFact* const> shared) {
    RC_ASSERT(before < shared.front()->order());
    before = shared.front()->order();
    RC_ASSERT(!all.contains(before));
    all[before].assign(shared.begin(), shared.end());
  });
  return all;
}

// Few ids, so that rows share orders, and orders have the names of purchases.
RC_GTEST_PROP(FactOrdersProperty, TheyAreThoseOfTheOrderIds, ()) {
  std::vector<std::string> names;
  for (int i = 0; i < 30; ++i) names.push_back("p" + std::to_string(i));
  std::sort(names.begin(), names.end());
  const int share = *rc::gen::inRange(1, 20);
  FactOrders orders;
  for (int time = 0; time < 2; ++time) {
    std::vector<PurchaseFact> rows;
    for (const int id : *rc::gen::container<std::set<int>>(rc::gen::inRange(0, 30))) {
      PurchaseFact& row = rows.emplace_back(PurchaseFact{.purchase_id = names[id]});
      if (*rc::gen::inRange(0, share) == 0) row.order_id = names[*rc::gen::inRange(0, 30)];
    }
    Orders expected;
    for (const PurchaseFact& row : rows) expected[row.order()].push_back(&row);
    orders.Group(rows);
    RC_ASSERT(OrdersOf(rows, orders) == expected);
    for (size_t i = 0; i < rows.size(); ++i) {
      if (orders.IsAlone(i)) RC_ASSERT(expected.at(rows[i].order()).size() == 1u);
    }
  }
}

TEST(FactOrdersTest, RowsThatNobodyNamesAreAlone) {
  const std::vector<PurchaseFact> rows = {
      {.purchase_id = "a"}, {.purchase_id = "b", .order_id = "a"}, {.purchase_id = "c"}};
  FactOrders orders;
  orders.Group(rows);
  EXPECT_FALSE(orders.IsAlone(0));
  EXPECT_FALSE(orders.IsAlone(1));
  EXPECT_TRUE(orders.IsAlone(2));
  orders.Group(absl::MakeSpan(rows).subspan(2));
  EXPECT_TRUE(orders.IsAlone(0));
  EXPECT_TRUE(orders.together().empty());
}

}  // namespace
}  // namespace clv::storage
