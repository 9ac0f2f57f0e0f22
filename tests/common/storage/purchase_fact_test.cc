#include "common/storage/purchase_fact.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace clv::storage {
namespace {

// Few ids, so that rows share orders, and orders have the names of purchases.
RC_GTEST_PROP(PurchaseFactProperty, RowsSortedByOrderAreSortedStably, ()) {
  const auto ids = *rc::gen::container<std::set<int>>(rc::gen::inRange(0, 30));
  std::vector<std::string> names;
  for (int i = 0; i < 30; ++i) names.push_back("p" + std::to_string(i));
  std::sort(names.begin(), names.end());
  std::vector<PurchaseFact> facts;
  for (const int id : ids) {
    PurchaseFact fact{.purchase_id = names[id]};
    if (*rc::gen::inRange(0, 3) == 0) fact.order_id = names[*rc::gen::inRange(0, 30)];
    facts.push_back(fact);
  }
  std::vector<const PurchaseFact*> rows;
  for (const PurchaseFact& fact : facts) rows.push_back(&fact);
  std::vector<const PurchaseFact*> expected = rows;
  std::stable_sort(
      expected.begin(), expected.end(),
      [](const PurchaseFact* a, const PurchaseFact* b) { return a->order() < b->order(); });
  SortByOrder(&rows);
  RC_ASSERT(rows == expected);
}

}  // namespace
}  // namespace clv::storage
