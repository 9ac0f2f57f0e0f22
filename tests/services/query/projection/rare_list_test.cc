#include "services/query/projection/rare_list.h"

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace clv::query {
namespace {

using storage::RareFacts;

RareFacts FactsOf(uint32_t date) {
  return {.imported = {}, .rows = {}, .unconverted_dates = {date}};
}

RareFacts Copied(const RareView& view) {
  RareFacts facts;
  if (view.imported != nullptr) facts.imported = *view.imported;
  facts.rows.assign(view.rows.begin(), view.rows.end());
  facts.unconverted_dates.assign(view.unconverted_dates.begin(), view.unconverted_dates.end());
  return facts;
}

std::map<size_t, RareFacts> AllOf(const RareList& list) {
  std::map<size_t, RareFacts> all;
  list.ForEach([&](size_t i, const RareView& view) { all.emplace(i, Copied(view)); });
  return all;
}

TEST(RareListTest, ACopyStaysAsItWas) {
  RareList list;
  list.Put(63, RareView(FactsOf(1)));
  const RareList copy = list;
  list.Put(0, RareView(FactsOf(2)));
  list.Put(63, {});
  EXPECT_EQ(AllOf(copy), (std::map<size_t, RareFacts>{{63, FactsOf(1)}}));
  EXPECT_EQ(AllOf(list), (std::map<size_t, RareFacts>{{0, FactsOf(2)}}));
}

TEST(RareListTest, PutsAViewOfItself) {
  RareList list;
  list.Put(3, RareView(FactsOf(1)));
  list.Put(5, list.Of(3));
  list.Put(3, list.Of(5));
  EXPECT_EQ(AllOf(list), (std::map<size_t, RareFacts>{{3, FactsOf(1)}, {5, FactsOf(1)}}));
}

// Each kind of facts, none or some.
RareFacts AnyFacts() {
  const auto small = [] { return *rc::gen::inRange<uint32_t>(0, 1'000); };
  RareFacts facts;
  if (*rc::gen::arbitrary<bool>()) {
    facts.imported = storage::ImportedRecord{small(), small(), small(), small(), small()};
  }
  for (uint32_t n = small() % 4; n > 0; --n) facts.rows.push_back({small(), small(), small()});
  for (uint32_t n = small() % 3; n > 0; --n) facts.unconverted_dates.push_back(small());
  return facts;
}

RC_GTEST_PROP(RareListTest, HoldsWhatWasPutLast, ()) {
  RareList list;
  std::map<size_t, RareFacts> expected;
  const int steps = *rc::gen::inRange(0, 100);
  for (int step = 0; step < steps; ++step) {
    const size_t i = *rc::gen::inRange<size_t>(0, RareList::kMostCustomers);
    const RareFacts facts = AnyFacts();
    list.Put(i, RareView(facts));
    expected.erase(i);
    if (!facts.empty()) expected[i] = facts;
  }
  RC_ASSERT(AllOf(list) == expected);
  RC_ASSERT(list.size() == expected.size());
  for (size_t i = 0; i < RareList::kMostCustomers; ++i) {
    RC_ASSERT(list.Has(i) == expected.contains(i));
    RC_ASSERT(Copied(list.Of(i)) == (expected.contains(i) ? expected[i] : RareFacts()));
  }
}

}  // namespace
}  // namespace clv::query
