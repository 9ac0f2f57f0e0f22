// What all reports share: the store, the connections, deadlines, an empty store.
#include <thread>

#include "tests/common/storage/sqlite_reports_fixture.h"

namespace clv::storage {
namespace {

TEST(SqliteReportsStoreTest, IsUnavailableUntilTheStoreIsThere) {
  ReportStore store;
  EXPECT_TRUE(absl::IsUnavailable(store.reports().ClvBySegment({}).status()));
  EXPECT_TRUE(absl::IsUnavailable(store.reports().TotalCustomerValue({}).status()));
  EXPECT_TRUE(absl::IsUnavailable(store.reports().ClvPrediction({}).status()));
  store.Write();
  EXPECT_TRUE(store.reports().ClvBySegment({}).ok());
}

TEST(SqliteReportsStoreTest, RefusesAPastDeadline) {
  ReportStore store;
  store.Write();
  SegmentQuery query;
  query.scope.deadline = std::chrono::steady_clock::now() - std::chrono::seconds(1);
  EXPECT_TRUE(absl::IsDeadlineExceeded(store.reports().ClvBySegment(query).status()));
}

TEST(SqliteReportsStoreTest, StopsAReportAtItsDeadlineAndServesTheNext) {
  ReportStore store;
  for (int i = 0; i < 60'000; ++i) {
    store.Add({.purchase_id = std::to_string(i),
               .customer_id = std::to_string(i % 3000),
               .amount = "1",
               .date = "2023-01-01"});
  }
  store.Write();
  FrequencyQuery query;
  query.buckets = {0, 8};
  query.scope.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(5);
  EXPECT_TRUE(absl::IsDeadlineExceeded(store.reports().FrequencyByInterval(query).status()));
  query.scope.deadline = std::chrono::steady_clock::time_point::max();
  EXPECT_EQ(Must(store.reports().FrequencyByInterval(query)).rows.at(0).orders, 57'000u);
}

TEST(SqliteReportsStoreTest, ServesMoreCallersThanConnections) {
  ReportStore store;
  store.Add({.purchase_id = "1", .customer_id = "a", .amount = "3", .date = "2023-01-01"});
  store.Write();
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&store] {
      for (int n = 0; n < 20; ++n) {
        EXPECT_EQ(Must(store.reports().TotalCustomerValue({})).rows.size(), 1u);
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
}

TEST(SqliteReportsStoreTest, AnswersOverAnEmptyStoreAsOfNow) {
  ReportStore store;
  store.Write();
  ReportScope scope;
  scope.now_seconds = At("2024-05-06 07:08:09");
  RetentionQuery retention;
  retention.scope = scope;
  EXPECT_TRUE(Must(store.reports().CustomerRetention(retention)).rows.empty());
  SegmentQuery groups;
  groups.scope = scope;
  const auto segments = Must(store.reports().ClvBySegment(groups));
  EXPECT_TRUE(segments.rows.empty());
  EXPECT_EQ(segments.context.as_of_seconds, scope.now_seconds);
  EXPECT_TRUE(Must(store.reports().ClvByAcquisitionSource(groups)).rows.empty());
  EXPECT_TRUE(Must(store.reports().FrequencyByOrderNumber(scope)).rows.empty());
  PredictionQuery prediction;
  prediction.scope = scope;
  const auto predicted = Must(store.reports().ClvPrediction(prediction));
  EXPECT_TRUE(predicted.rows.empty());
  EXPECT_EQ(predicted.context.as_of_seconds, scope.now_seconds);
  SegmentationQuery segmentation;
  segmentation.scope = scope;
  EXPECT_TRUE(Must(store.reports().RfmCustomers(segmentation)).rows.empty());
  const auto summary = Must(store.reports().RfmSegments(segmentation));
  ASSERT_EQ(summary.rows.size(), 11u);
  EXPECT_EQ(summary.rows[0].rfm_segment, "About To Sleep");
  EXPECT_EQ(summary.rows[0].share_of_customers, std::nullopt);
  EXPECT_EQ(Must(store.reports().RfmMatrix(segmentation)).rows.size(), 25u);
}

TEST(SqliteReportsStoreTest, ListsEveryBucketOfAnEmptyStore) {
  ReportStore store;
  store.Write();
  FrequencyQuery query;
  query.buckets = {1, 2, 3};
  const auto report = Must(store.reports().FrequencyByOrders(query));
  ASSERT_EQ(report.rows.size(), 3u);
  EXPECT_EQ(report.rows[2].bucket, "3+");
  EXPECT_EQ(report.rows[0].share_of_customers, std::nullopt);
  query.buckets = {0};
  EXPECT_EQ(Must(store.reports().FrequencyByInterval(query)).rows.at(0).bucket, "0+");
}

TEST(SqliteReportsStoreTest, TakesFilterValuesAsTheyAre) {
  ReportStore store;
  const std::string odd = "a\"b\\c',\t%\xC3\xA9";
  store.Add(domain::Customer{.customer_id = "x", .customer_segment = odd});
  store.Add({.purchase_id = "1", .customer_id = "x", .amount = "3", .date = "2023-01-01"});
  store.Add({.purchase_id = "2", .customer_id = "y", .amount = "3", .date = "2023-01-01"});
  store.Write();
  SegmentQuery query;
  query.scope.filters.customer_segment = {"nothing", odd};
  const auto report = Must(store.reports().ClvBySegment(query));
  ASSERT_EQ(report.rows.size(), 1u);
  EXPECT_EQ(report.rows[0].customer_segment, odd);
}

}  // namespace
}  // namespace clv::storage
