#include "services/query/projection/ranked_buckets.h"

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

#include "common/domain/report_math.h"
#include "gtest/gtest.h"
#include "services/query/projection/frequency_keeper.h"

namespace clv::query {
namespace {

constexpr int64_t kDay = 86'400;

TEST(RankWindowTest, TellsRanksAsLongAsTheyAreWithin) {
  std::mt19937_64 random(11);
  const BinScale scale(1);
  std::vector<int64_t> values(5'000);
  const auto draw = [&](int64_t most) {
    return static_cast<int64_t>(random() % static_cast<uint64_t>(most));
  };
  BinCounts counts(scale.bins());
  for (int64_t& value : values) ++counts[scale.BinOf(value = draw(1'000'000))];
  RankWindow<int64_t> window(counts, BinnedRank::OfPercent(counts, 50).bin, 1);
  std::vector<int64_t> inside;
  for (const int64_t value : values) {
    if (window.Holds(scale.BinOf(value))) inside.push_back(value);
  }
  window.SetValues(inside);
  int known = 0;
  for (int step = 0; step < 300; ++step) {
    std::sort(values.begin(), values.end());
    ASSERT_EQ(window.count(), values.size());
    if (window.Knows(50)) {
      ++known;
      ASSERT_EQ(window.Percentile(50), domain::Percentile(values, 50)) << step;
    }
    RankWindow<int64_t>::Change change;
    for (int n = 0; n < 20; ++n) {
      int64_t& value = values[random() % values.size()];
      change.Add(scale.BinOf(value), value, -1);
      value = draw(step < 100 ? 1'000'000 : 2'000'000);
      change.Add(scale.BinOf(value), value, 1);
    }
    change.Apply(&window);
  }
  EXPECT_GT(known, 30) << "it should not be lost at once";
  EXPECT_LT(known, 300) << "it should be lost when everything moves away";
}

TEST(RankWindowTest, OfFewValuesHoldsAllWhereItIsToLast) {
  const BinScale scale(1);
  BinCounts counts(scale.bins());
  for (const int64_t value : {2'000, 3'000'000, 5'000'000}) ++counts[scale.BinOf(value)];
  const size_t median = BinnedRank::OfPercent(counts, 50).bin;
  EXPECT_TRUE(RankWindow<int64_t>(counts, median, 1).Holds(scale.BinOf(int64_t{2'000})));
  EXPECT_FALSE(RankWindow<int64_t>(counts, median, 0).Holds(scale.BinOf(int64_t{2'000})));
  EXPECT_EQ(RankWindow<int64_t>(counts, median, 1).to_hold(), 3u);
  EXPECT_EQ(RankWindow<int64_t>(counts, median, 0).to_hold(), 1u);
}

TEST(RankWindowTest, WithoutAnyValuesHoldsWhatComes) {
  const BinScale scale(1);
  RankWindow<int64_t> window(BinCounts(scale.bins()), SIZE_MAX, 1);
  EXPECT_TRUE(window.Knows(50));
  EXPECT_EQ(window.Percentile(50), std::nullopt);
  RankWindow<int64_t>::Change change;
  for (const int64_t value : {5'000'000, -3, 70}) change.Add(scale.BinOf(value), value, 1);
  change.Apply(&window);
  EXPECT_EQ(window.Percentile(50), 70);
}

// Buckets of customers by hand, as a scan would make them; every value is within.
RankedBuckets BucketsOf(const std::vector<FrequencyFacts>& customers,
                        const std::vector<uint32_t>& bounds, int64_t reference) {
  RankedBuckets all{BucketFinder(bounds), BinScale(1), reference, {}};
  const BinCounts none(all.scale.bins());
  all.buckets.assign(bounds.size(), {.sums = {},
                                     .spend = {none, SIZE_MAX, 0},
                                     .recency = {none, SIZE_MAX, 0},
                                     .recency_near_p90 = {none, SIZE_MAX, 0},
                                     .median_gap = {none, SIZE_MAX, 0},
                                     .p90_gap = {none, SIZE_MAX, 0}});
  std::vector<FrequencyChange> changes;
  for (const FrequencyFacts& facts : customers) changes.push_back({{}, facts});
  return all.With(changes);
}

// The same from sorted values.
std::vector<domain::CustomerBucket> Expected(const std::vector<FrequencyFacts>& customers,
                                             const std::vector<uint32_t>& bounds, int64_t as_of) {
  std::vector<domain::CustomerBucket> expected;
  for (size_t b = 0; b < bounds.size(); ++b) {
    std::vector<int64_t> spends;
    std::vector<int64_t> recencies;
    std::vector<double> gaps;
    for (const FrequencyFacts& facts : customers) {
      if (domain::BucketOf(bounds, facts.orders) != b) continue;
      spends.push_back(facts.spend_micros);
      recencies.push_back(as_of - int64_t{facts.last});
      if (facts.has_gap()) gaps.push_back(facts.mean_gap_seconds());
    }
    if (spends.empty()) continue;
    std::sort(spends.begin(), spends.end());
    std::sort(recencies.begin(), recencies.end());
    std::sort(gaps.begin(), gaps.end());
    expected.push_back(domain::CustomerBucketOf(b, spends, recencies, gaps));
  }
  return expected;
}

FrequencyFacts SomeFacts(std::mt19937_64& random) {
  FrequencyFacts facts;
  facts.orders = static_cast<int64_t>(random() % 8);
  facts.spend_micros = static_cast<int64_t>(random() % 90'000'000) - 1'000'000;
  facts.first = static_cast<uint32_t>(random() % (400 * kDay));
  facts.last = facts.first + static_cast<uint32_t>(random() % (300 * kDay));
  return facts;
}

void ExpectAnswer(const RankedBuckets& buckets, const std::vector<FrequencyFacts>& customers,
                  int64_t as_of) {
  const auto answer = buckets.Answer(as_of);
  ASSERT_TRUE(answer.has_value());
  const auto expected = Expected(customers, buckets.finder.bounds(), as_of);
  ASSERT_EQ(answer->size(), expected.size());
  for (size_t b = 0; b < expected.size(); ++b) {
    const domain::CustomerBucket& actual = (*answer)[b];
    EXPECT_EQ(actual.bucket, expected[b].bucket);
    EXPECT_EQ(actual.customers, expected[b].customers);
    EXPECT_EQ(actual.median_spend_micros, expected[b].median_spend_micros);
    EXPECT_EQ(actual.recency_seconds, expected[b].recency_seconds);
    EXPECT_EQ(actual.median_recency_seconds, expected[b].median_recency_seconds);
    EXPECT_EQ(actual.median_gap_seconds, expected[b].median_gap_seconds);
    EXPECT_EQ(actual.p90_gap_seconds, expected[b].p90_gap_seconds);
    EXPECT_EQ(actual.overdue_customers, expected[b].overdue_customers);
  }
}

TEST(FrequencyKeeperTest, CarriesBucketsAlong) {
  std::mt19937_64 random(5);
  const std::vector<uint32_t> bounds = {1, 2, 3, 6};
  std::vector<FrequencyFacts> customers(300);
  for (FrequencyFacts& facts : customers) facts = SomeFacts(random);
  FrequencyKeeper keeper;
  EXPECT_FALSE(keeper.is_asked());
  EXPECT_EQ(keeper.Find(7, bounds), nullptr);
  EXPECT_TRUE(keeper.is_asked());
  keeper.Keep(7, std::make_shared<RankedBuckets>(BucketsOf(customers, bounds, 700 * kDay)));
  for (uint64_t serial = 8; serial < 40; ++serial) {
    std::vector<FrequencyChange> changes;
    for (int n = 0; n < 12; ++n) {
      FrequencyFacts& facts = customers[random() % customers.size()];
      const FrequencyFacts before = facts;
      facts = SomeFacts(random);
      changes.push_back({before, facts});
    }
    keeper.Record(serial - 1, serial, changes);
    if (serial % 3 == 0) continue;
    const auto kept = keeper.Find(serial, bounds);
    ASSERT_NE(kept, nullptr);
    ExpectAnswer(*kept, customers, 700 * kDay);
    ExpectAnswer(*kept, customers, 700 * kDay + 12'345);
    ExpectAnswer(*kept, customers, 900 * kDay);
  }
  EXPECT_EQ(keeper.Find(37, bounds), nullptr) << "an earlier version than the one that is kept";
  EXPECT_EQ(keeper.Find(38, {1, 5}), nullptr) << "other buckets";
}

TEST(FrequencyKeeperTest, KnowsWhenChangesAreMissing) {
  const std::vector<uint32_t> bounds = {1};
  FrequencyKeeper keeper;
  keeper.Keep(3, std::make_shared<RankedBuckets>(BucketsOf({}, bounds, 0)));
  EXPECT_NE(keeper.Find(3, bounds), nullptr);
  EXPECT_EQ(keeper.Find(4, bounds), nullptr) << "never recorded";
  keeper.Record(4, 5, {});
  EXPECT_EQ(keeper.Find(5, bounds), nullptr) << "version 4 was not recorded";
  keeper.Keep(5, std::make_shared<RankedBuckets>(BucketsOf({}, bounds, 0)));
  keeper.Record(5, 6, {});
  EXPECT_NE(keeper.Find(6, bounds), nullptr);
  keeper.Forget(7);
  EXPECT_EQ(keeper.Find(7, bounds), nullptr) << "too much has changed";
  keeper.Keep(7, std::make_shared<RankedBuckets>(BucketsOf({}, bounds, 0)));
  keeper.Record(7, 8, std::vector<FrequencyChange>(FrequencyKeeper::kMostChanges));
  keeper.Record(8, 9, std::vector<FrequencyChange>(1));
  EXPECT_EQ(keeper.Find(9, bounds), nullptr) << "the oldest changes are forgotten";
}

}  // namespace
}  // namespace clv::query
