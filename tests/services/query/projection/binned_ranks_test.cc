#include "services/query/projection/binned_ranks.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "common/domain/report_math.h"

namespace clv::query {
namespace {

TEST(BinScaleTest, BinsRiseWithTheValues) {
  for (const size_t lists : {1, 1000}) {
    const BinScale scale(lists);
    size_t last = 0;
    std::vector<double> values = {-1e300, -5, -0.0, 0, 1e-300, 1, 1023.9, 1024};
    for (double value = 1025; value < 1e20; value *= 1.003) values.push_back(value);
    for (const double value : values) {
      const size_t bin = scale.BinOf(value);
      EXPECT_GE(bin, last) << value;
      EXPECT_LT(bin, scale.bins()) << value;
      last = bin;
    }
    EXPECT_EQ(scale.BinOf(INT64_MIN), 0U);
    EXPECT_EQ(scale.BinOf(INT64_MAX), scale.bins() - 1);
    EXPECT_EQ(last, scale.bins() - 1);
  }
  EXPECT_LT(BinScale(1000).bins(), BinScale(1).bins()) << "more lists take less memory each";
}

TEST(BinnedRankTest, FindsWhatSortingFinds) {
  std::mt19937_64 random(3);
  for (size_t count = 1; count < 3000; count += 1 + count / 5) {
    for (const double octaves : {0.0, 1.0, 30.0, 62.0}) {
      const BinScale scale(1);
      std::vector<int64_t> values(count);
      BinCounts counts(scale.bins());
      for (int64_t& value : values) {
        value =
            static_cast<int64_t>(std::exp2(octaves * std::generate_canonical<double, 53>(random)));
        if (random() % 9 == 0) value = -value;
        ++counts[scale.BinOf(value)];
      }
      std::vector<int64_t> sorted = values;
      std::sort(sorted.begin(), sorted.end());
      for (const unsigned percent : {0U, 25U, 50U, 90U, 99U, 100U}) {
        const BinnedRank rank = BinnedRank::OfPercent(counts, percent);
        std::vector<int64_t> gathered;
        for (const int64_t value : values) {
          if (scale.BinOf(value) == rank.bin) gathered.push_back(value);
        }
        EXPECT_EQ(rank.Find(gathered), domain::Percentile(sorted, percent))
            << count << " values, " << octaves << " octaves, " << percent;
      }
    }
  }
}

TEST(BinnedRankTest, NothingHasNoRanks) {
  std::vector<double> nothing;
  const BinnedRank rank = BinnedRank::OfPercent(BinCounts(BinScale(1).bins()), 50);
  EXPECT_EQ(rank.Find(nothing), std::nullopt);
}

}  // namespace
}  // namespace clv::query
