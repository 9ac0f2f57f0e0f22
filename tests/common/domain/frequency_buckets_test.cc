#include "common/domain/frequency_buckets.h"

#include "gtest/gtest.h"

namespace clv::domain {
namespace {

constexpr uint32_t kBounds[] = {1, 2, 3, 6};

TEST(FrequencyBucketsTest, FindsTheBucketOfAValue) {
  EXPECT_EQ(BucketOf(kBounds, 0), std::nullopt);
  EXPECT_EQ(BucketOf(kBounds, 1), 0u);
  EXPECT_EQ(BucketOf(kBounds, 5), 2u);
  EXPECT_EQ(BucketOf(kBounds, 6), 3u);
  EXPECT_EQ(BucketOf(kBounds, int64_t{1} << 40), 3u);
}

TEST(FrequencyBucketsTest, LabelsBuckets) {
  const auto rows = MakeFrequencyRows(kBounds, {});
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0].bucket, "1");
  EXPECT_EQ(rows[2].bucket, "3-5");
  EXPECT_EQ(rows[2].bucket_max, 5u);
  EXPECT_EQ(rows[3].bucket, "6+");
  EXPECT_EQ(rows[3].bucket_max, std::nullopt);
}

TEST(FrequencyBucketsTest, CallsOverdueOnlyWhoIsAboveThe90thPercentile) {
  CustomerBucket bucket = CustomerBucketOf(2, {1, 2, 3}, {99, 100, 101}, {50.5, 100.0});
  bucket.orders = 9;
  bucket.lifespan_seconds = 600;
  const auto rows = MakeFrequencyRows(kBounds, {bucket});
  EXPECT_EQ(rows[2].overdue_customers, 1u);
  EXPECT_EQ(rows[2].avg_days_between_orders, 100.0 / 86'400);
  EXPECT_EQ(rows[0].overdue_customers, std::nullopt);
}

}  // namespace
}  // namespace clv::domain
