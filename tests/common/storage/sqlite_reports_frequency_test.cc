#include "tests/common/storage/sqlite_reports_fixture.h"

namespace clv::storage {
namespace {

FrequencyQuery Buckets(std::vector<uint32_t> bounds) {
  FrequencyQuery query;
  query.buckets = std::move(bounds);
  return query;
}

// a: orders on days 0, 10, 40 (1, 2, 3). b: days 0 and 20 (10, 20). c: day 30 (100). The horizon is
// day 60, a refund of c's.
class Frequency : public ::testing::Test {
 protected:
  void SetUp() override {
    store_.Add({.purchase_id = "a1", .customer_id = "a", .amount = "1", .date = "2023-01-01"});
    store_.Add({.purchase_id = "a2", .customer_id = "a", .amount = "2", .date = "2023-01-11"});
    store_.Add({.purchase_id = "a3", .customer_id = "a", .amount = "3", .date = "2023-02-10"});
    store_.Add({.purchase_id = "b1", .customer_id = "b", .amount = "10", .date = "2023-01-01"});
    store_.Add({.purchase_id = "b2", .customer_id = "b", .amount = "20", .date = "2023-01-21"});
    store_.Add({.purchase_id = "c1", .customer_id = "c", .amount = "100", .date = "2023-01-31"});
    store_.Add({.purchase_id = "c2",
                .customer_id = "c",
                .amount = "-40",
                .date = "2023-03-02",
                .order_id = "c1"});
  }

  ReportStore store_;
};

TEST_F(Frequency, CountsCustomersByNumberOfOrders) {
  store_.Write();
  const auto rows = Must(store_.reports().FrequencyByOrders(Buckets({1, 2, 4}))).rows;
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].bucket, "1");
  EXPECT_EQ(rows[0].bucket_max, 1u);
  EXPECT_EQ(rows[0].customers, 1u);
  EXPECT_EQ(rows[0].revenue_micros, Money("60"));
  EXPECT_EQ(rows[0].overdue_customers, std::nullopt);
  EXPECT_EQ(rows[0].avg_days_between_orders, std::nullopt);
  EXPECT_EQ(rows[1].bucket, "2-3");
  EXPECT_EQ(rows[1].customers, 2u);
  EXPECT_EQ(rows[1].orders, 5u);
  EXPECT_DOUBLE_EQ(*rows[1].share_of_orders, 5.0 / 6);
  EXPECT_EQ(rows[1].revenue_micros, Money("36"));
  EXPECT_DOUBLE_EQ(*rows[1].share_of_revenue, 36.0 / 96);
  EXPECT_EQ(rows[1].avg_clv, 18.0);
  EXPECT_EQ(rows[1].median_clv_micros, Money("6"));
  EXPECT_DOUBLE_EQ(*rows[1].avg_order_value, 7.2);
  EXPECT_EQ(rows[1].avg_recency_days, 30.0);
  EXPECT_EQ(rows[1].median_recency_days, 20.0);
  EXPECT_EQ(rows[1].avg_days_between_orders, 20.0);
  EXPECT_EQ(rows[1].median_days_between_orders, 20.0);
  EXPECT_EQ(rows[1].p90_days_between_orders, 20.0);
  EXPECT_EQ(rows[1].overdue_customers, 1u);
  EXPECT_EQ(rows[2].bucket, "4+");
  EXPECT_EQ(rows[2].bucket_max, std::nullopt);
  EXPECT_EQ(rows[2].customers, 0u);
  EXPECT_EQ(rows[2].share_of_customers, 0.0);
  EXPECT_EQ(rows[2].avg_clv, std::nullopt);
}

TEST_F(Frequency, FloorsDaysToChooseTheRecencyBucket) {
  store_.Write();
  FrequencyQuery query = Buckets({0, 20, 31});
  query.scope.as_of_seconds = At("2023-03-02 23:59:59");
  const auto rows = Must(store_.reports().FrequencyByRecency(query)).rows;
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].customers, 0u);
  EXPECT_EQ(rows[1].customers, 2u);  // a: 20.99 days, c: 30.99
  EXPECT_EQ(rows[1].bucket, "20-30");
  EXPECT_EQ(rows[2].customers, 1u);
  // c has one order, yet a's mean gap of 20 days makes both overdue.
  EXPECT_EQ(rows[1].overdue_customers, 2u);
}

TEST_F(Frequency, MeasuresGapsBetweenOrders) {
  store_.Write();
  const auto rows = Must(store_.reports().FrequencyByInterval(Buckets({0, 15, 30}))).rows;
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].orders, 1u);
  EXPECT_EQ(rows[0].revenue_micros, Money("2"));
  EXPECT_EQ(rows[1].orders, 1u);
  EXPECT_EQ(rows[1].revenue_micros, Money("20"));
  EXPECT_EQ(rows[2].orders, 1u);
  EXPECT_EQ(rows[2].customers, 1u);
  EXPECT_DOUBLE_EQ(*rows[2].share_of_orders, 1.0 / 3);
  EXPECT_EQ(rows[2].avg_gap_days, 30.0);
  EXPECT_EQ(rows[2].median_gap_days, 30.0);
  EXPECT_EQ(rows[2].avg_order_value, 3.0);
}

TEST_F(Frequency, CountsDistinctCustomersOfGaps) {
  store_.Write();
  const auto rows = Must(store_.reports().FrequencyByInterval(Buckets({0}))).rows;
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].orders, 3u);
  EXPECT_EQ(rows[0].customers, 2u);
  EXPECT_EQ(rows[0].avg_gap_days, 20.0);
}

TEST_F(Frequency, ReportsHowManyReachEachOrder) {
  store_.Write();
  const auto rows = Must(store_.reports().FrequencyByOrderNumber({})).rows;
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].customers_reached, 3u);
  EXPECT_DOUBLE_EQ(*rows[0].next_order_rate, 2.0 / 3);
  EXPECT_EQ(rows[0].median_days_to_next, 10.0);
  EXPECT_EQ(rows[1].customers_reached, 2u);
  EXPECT_EQ(rows[1].next_order_rate, 0.5);
  EXPECT_EQ(rows[1].median_days_to_next, 30.0);
  EXPECT_EQ(rows[2].customers_reached, 1u);
  EXPECT_EQ(rows[2].next_order_rate, 0.0);
  EXPECT_EQ(rows[2].median_days_to_next, std::nullopt);
}

TEST_F(Frequency, LeavesImportedCustomersOutOfGapsOnly) {
  store_.Add(domain::ImportedClv{.customer_id = "b",
                                 .total_spend_micros = Money("500"),
                                 .purchase_count = 4'000'000'000'000,
                                 .first_purchase_date = At("2022-12-01"),
                                 .last_purchase_date = At("2022-12-31"),
                                 .updated_at = At("2022-12-31")});
  store_.Write();
  EXPECT_EQ(Must(store_.reports().FrequencyByInterval(Buckets({0}))).rows[0].orders, 2u);
  ReportScope scope;
  scope.range = {.limit = 2, .offset = 1};
  const auto report = Must(store_.reports().FrequencyByOrderNumber(scope));
  EXPECT_EQ(report.total_rows, 4'000'000'000'002u);
  ASSERT_EQ(report.rows.size(), 2u);
  EXPECT_EQ(report.rows[0].order_number, 2u);
  EXPECT_EQ(report.rows[0].customers_reached, 2u);
  EXPECT_EQ(report.rows[0].median_days_to_next, 30.0);
  EXPECT_EQ(report.rows[1].next_order_rate, 0.5);
}

TEST_F(Frequency, OrdersGapsOfOneInstantByOrderId) {
  store_.Add({.purchase_id = "z2", .customer_id = "z", .amount = "7", .date = "2023-02-01"});
  store_.Add({.purchase_id = "z1", .customer_id = "z", .amount = "5", .date = "2023-02-01"});
  store_.Write();
  const auto rows = Must(store_.reports().FrequencyByInterval(Buckets({0, 1}))).rows;
  EXPECT_EQ(rows[0].orders, 1u);
  EXPECT_EQ(rows[0].revenue_micros, Money("7"));
}

TEST_F(Frequency, CutsTheRangeOfBuckets) {
  store_.Write();
  FrequencyQuery query = Buckets({1, 2, 4});
  query.scope.range = {.limit = 1, .offset = 2};
  const auto report = Must(store_.reports().FrequencyByOrders(query));
  EXPECT_EQ(report.total_rows, 3u);
  ASSERT_EQ(report.rows.size(), 1u);
  EXPECT_EQ(report.rows[0].bucket, "4+");
}

}  // namespace
}  // namespace clv::storage
