#include "services/query/projection/rare_list.h"

#include <algorithm>
#include <map>
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

std::map<size_t, RareFacts> AllOf(const RareList& list) {
  std::map<size_t, RareFacts> all;
  for (const auto& [i, facts] : list.All()) all.emplace(i, facts);
  return all;
}

TEST(RareListTest, ACopyStaysAsItWas) {
  RareList list;
  list.Put(63, FactsOf(1));
  const RareList copy = list;
  list.Put(0, FactsOf(2));
  list.Put(63, {});
  EXPECT_EQ(AllOf(copy), (std::map<size_t, RareFacts>{{63, FactsOf(1)}}));
  EXPECT_EQ(AllOf(list), (std::map<size_t, RareFacts>{{0, FactsOf(2)}}));
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
    const size_t i = *rc::gen::inRange<size_t>(0, kChunkCustomers);
    const RareFacts facts = AnyFacts();
    list.Put(i, facts);
    expected.erase(i);
    if (!facts.empty()) expected[i] = facts;
  }
  RC_ASSERT(AllOf(list) == expected);
  RC_ASSERT(list.size() == expected.size());
  for (size_t i = 0; i < kChunkCustomers; ++i) {
    RC_ASSERT(list.Has(i) == expected.contains(i));
    const RareFacts facts = expected.contains(i) ? expected[i] : RareFacts();
    RC_ASSERT(list.Of(i) == facts);
    RC_ASSERT((list.ImportedOf(i) != nullptr) == facts.imported.has_value());
    const RareList::Rows rows = list.RowsOf(i);
    RC_ASSERT(std::equal(rows.begin(), rows.end(), facts.rows.begin(), facts.rows.end()));
    RC_ASSERT(list.UnconvertedOf(i) == absl::MakeConstSpan(facts.unconverted_dates));
  }
}

}  // namespace
}  // namespace clv::query
