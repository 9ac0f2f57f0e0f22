#include "services/query/projection/counted_values.h"

#include <algorithm>
#include <vector>

#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace clv::query {
namespace {

std::vector<int64_t> Sorted(std::vector<int64_t> values) {
  std::sort(values.begin(), values.end());
  return values;
}

TEST(CountedValuesTest, AreEmptyWithoutValues) {
  EXPECT_EQ(CountedValues().size(), 0u);
  EXPECT_EQ(CountedValues().With({}, {}), CountedValues());
}

TEST(CountedValuesTest, HoldEachDifferentValueOnce) {
  const CountedValues values = CountedValues().With({}, {2, 2, 2, 7});
  EXPECT_EQ(values.runs(), (std::vector<CountedValues::Run>{{2, 3}, {7, 1}}));
  EXPECT_EQ(values.With({2, 7}, {3}).runs(), (std::vector<CountedValues::Run>{{2, 2}, {3, 1}}));
  EXPECT_EQ(CountedValues(values.runs()), values);
}

RC_GTEST_PROP(CountedValuesTest, FollowRandomChanges, ()) {
  std::vector<int64_t> expected;
  CountedValues values;
  const auto any = rc::gen::container<std::vector<int64_t>>(rc::gen::inRange<int64_t>(0, 12));
  for (int step = 0; step < 6; ++step) {
    // Some of what is there goes, and maybe of what comes with it.
    const std::vector<int64_t> added = Sorted(*any);
    std::vector<int64_t> all = expected;
    all.insert(all.end(), added.begin(), added.end());
    std::vector<int64_t> removed;
    std::vector<int64_t> left;
    for (const int64_t value : all)
      (*rc::gen::inRange(0, 3) == 0 ? removed : left).push_back(value);
    expected = Sorted(left);
    values = values.With(Sorted(removed), added);
    RC_ASSERT(values.size() == expected.size());
    for (size_t rank = 0; rank < expected.size(); ++rank) {
      RC_ASSERT(values.At(rank) == expected[rank]);
    }
  }
}

}  // namespace
}  // namespace clv::query
