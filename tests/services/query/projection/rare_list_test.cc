#include "services/query/projection/rare_list.h"

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace clv::query {
namespace {

RareList::Facts FactsOf(uint32_t date) {
  return std::make_shared<const storage::RareFacts>(
      storage::RareFacts{.imported = {}, .rows = {}, .unconverted_dates = {date}});
}

std::map<size_t, uint32_t> DatesOf(const RareList& list) {
  std::map<size_t, uint32_t> dates;
  list.ForEach([&](size_t i, const storage::RareFacts& facts) {
    dates.emplace(i, facts.unconverted_dates.front());
  });
  return dates;
}

TEST(RareListTest, ACopyStaysAsItWas) {
  RareList list;
  list.Put(63, FactsOf(1));
  const RareList copy = list;
  list.Put(0, FactsOf(2));
  list.Put(63, nullptr);
  EXPECT_EQ(DatesOf(copy), (std::map<size_t, uint32_t>{{63, 1}}));
  EXPECT_EQ(DatesOf(list), (std::map<size_t, uint32_t>{{0, 2}}));
}

RC_GTEST_PROP(RareListTest, HoldsWhatWasPutLast, ()) {
  RareList list;
  std::map<size_t, uint32_t> expected;
  const int steps = *rc::gen::inRange(0, 100);
  for (int step = 0; step < steps; ++step) {
    const size_t i = *rc::gen::inRange<size_t>(0, RareList::kMostCustomers);
    if (*rc::gen::inRange(0, 3) == 0) {
      list.Put(i, nullptr);
      expected.erase(i);
    } else {
      list.Put(i, FactsOf(static_cast<uint32_t>(step)));
      expected[i] = static_cast<uint32_t>(step);
    }
  }
  RC_ASSERT(DatesOf(list) == expected);
  RC_ASSERT(list.size() == expected.size());
  for (size_t i = 0; i < RareList::kMostCustomers; ++i) {
    RC_ASSERT((list.Find(i) != nullptr) == expected.contains(i));
    if (expected.contains(i)) RC_ASSERT(list.Find(i)->unconverted_dates.front() == expected[i]);
  }
}

}  // namespace
}  // namespace clv::query
