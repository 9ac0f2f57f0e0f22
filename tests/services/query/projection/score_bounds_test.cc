#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "services/query/projection/standing.h"

namespace clv::query {
namespace {

// The definition, by counting.
int ScoreByCounting(const std::vector<int64_t>& values, int64_t value) {
  const auto worse =
      std::count_if(values.begin(), values.end(), [&](int64_t other) { return other < value; });
  return domain::RfmScore(worse, static_cast<int64_t>(values.size()));
}

TEST(ScoreBoundsTest, EqualTheDefinition) {
  std::mt19937_64 random(3);
  for (size_t count = 1; count < 80; ++count) {
    for (const uint64_t range : {1, 2, 3, 10, 1'000}) {
      std::vector<int64_t> values(count);
      for (int64_t& value : values) value = static_cast<int64_t>(random() % range) - 1;
      std::vector<int64_t> reordered = values;
      const ScoreBounds bounds(reordered);
      for (const int64_t value : values) {
        ASSERT_EQ(bounds.ScoreOf(value), ScoreByCounting(values, value))
            << value << " of " << count;
      }
    }
  }
}

TEST(ScoreBoundsTest, EqualValuesScoreEqualHoweverMany) {
  std::vector<int64_t> values(1'000, 5);
  values[3] = 6;
  const ScoreBounds bounds(values);
  EXPECT_EQ(bounds.ScoreOf(5), 1);
  EXPECT_EQ(bounds.ScoreOf(6), 5);
}

TEST(ScoreBoundsTest, NobodyHasTheLowestScore) {
  std::vector<int64_t> nobody;
  EXPECT_EQ(ScoreBounds(nobody).ScoreOf(0), 1);
  EXPECT_EQ(ScoreBounds().ScoreOf(INT64_MAX), 1);
}

}  // namespace
}  // namespace clv::query
