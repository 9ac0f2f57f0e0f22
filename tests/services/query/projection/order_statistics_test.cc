#include "services/query/projection/order_statistics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace clv::query {
namespace {

TEST(OrderStatisticsTest, EqualsSorting) {
  std::mt19937_64 random(7);
  for (size_t count = 1; count < 300; count += 1 + count / 9) {
    for (const int64_t range : {1, 5, 1'000'000}) {
      std::vector<int64_t> values(count);
      for (int64_t& value : values) {
        value = static_cast<int64_t>(random() % static_cast<uint64_t>(range)) - range / 2;
      }
      std::vector<int64_t> sorted = values;
      std::sort(sorted.begin(), sorted.end());
      const std::vector<unsigned> percents = {0, 1, 25, 50, 50, 75, 90, 99, 100};
      const std::vector<int64_t> found = PercentilesOf<int64_t>(values, percents);
      ASSERT_EQ(found.size(), percents.size());
      for (size_t i = 0; i < percents.size(); ++i) {
        EXPECT_EQ(found[i], domain::Percentile(sorted, percents[i])) << percents[i];
      }
      std::sort(values.begin(), values.end());
      EXPECT_EQ(values, sorted) << "the values are not the same any more";
    }
  }
}

TEST(OrderStatisticsTest, NothingHasNoPercentiles) {
  std::vector<double> nothing;
  EXPECT_TRUE(PercentilesOf<double>(nothing, {25, 50}).empty());
  EXPECT_EQ(PercentileOf(nothing, 50), std::nullopt);
}

TEST(OrderStatisticsTest, FindsOneOfReals) {
  std::vector<double> values = {3.5, -1, 2};
  EXPECT_EQ(PercentileOf(values, 50), 2.0);
}

}  // namespace
}  // namespace clv::query
