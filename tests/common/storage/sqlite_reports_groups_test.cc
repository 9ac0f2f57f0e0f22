// clv_by_segment and clv_by_acquisition_source.
#include <cmath>

#include "tests/common/storage/sqlite_reports_fixture.h"

namespace clv::storage {
namespace {

// Gold: a (100, and 50 ten days later), b (30). Silver: c (200 refunded to 120). Web brings a, c
// and the signup s; Mail the signup t; b is of an unknown source.
class Groups : public ::testing::Test {
 protected:
  void SetUp() override {
    Describe("a", "Gold", "Web", At("2022-12-01"));
    Describe("b", "Gold", "", std::nullopt);
    Describe("c", "Silver", "Web", At("2023-01-20"));
    Describe("s", "Gold", "Web", std::nullopt);
    Describe("t", "Gold", "Mail", At("2023-01-15"));
    Describe("u", "Gold", "Late", At("2024-01-15"));
    store_.Add({.purchase_id = "a1", .customer_id = "a", .amount = "100", .date = "2023-01-01"});
    store_.Add({.purchase_id = "a2", .customer_id = "a", .amount = "50", .date = "2023-01-11"});
    store_.Add({.purchase_id = "b1", .customer_id = "b", .amount = "30", .date = "2023-02-01"});
    store_.Add({.purchase_id = "c1", .customer_id = "c", .amount = "200", .date = "2023-01-21"});
    store_.Add({.purchase_id = "c2", .customer_id = "c", .amount = "-80", .date = "2023-03-02"});
    store_.Write();
  }

  void Describe(const char* id, const char* segment, const char* source,
                std::optional<int64_t> signup_date) {
    store_.Add(domain::Customer{.customer_id = id,
                                .signup_date = signup_date,
                                .customer_segment = segment,
                                .acquisition_source = source});
  }

  ReportStore store_;
};

TEST_F(Groups, ReportLifetimeValueBySegment) {
  const auto report = Must(store_.reports().ClvBySegment({}));
  ASSERT_EQ(report.rows.size(), 2u);
  const domain::ClvBySegmentRow& gold = report.rows[0];
  EXPECT_EQ(gold.customer_segment, "Gold");
  EXPECT_EQ(gold.customers, 2u);
  EXPECT_DOUBLE_EQ(*gold.share_of_customers, 2.0 / 3);
  EXPECT_EQ(gold.total_revenue_micros, Money("180"));
  EXPECT_DOUBLE_EQ(*gold.share_of_revenue, 0.6);
  EXPECT_EQ(gold.window_revenue_micros, Money("180"));
  EXPECT_EQ(gold.window_orders, 3u);
  EXPECT_EQ(gold.orders, 3u);
  EXPECT_EQ(gold.avg_clv, 90.0);
  EXPECT_EQ(gold.median_clv_micros, Money("30"));
  EXPECT_EQ(gold.p25_clv_micros, Money("30"));
  EXPECT_EQ(gold.p75_clv_micros, Money("150"));
  EXPECT_EQ(gold.p90_clv_micros, Money("150"));
  EXPECT_EQ(gold.p99_clv_micros, Money("150"));
  EXPECT_EQ(gold.min_clv_micros, Money("30"));
  EXPECT_EQ(gold.max_clv_micros, Money("150"));
  EXPECT_DOUBLE_EQ(*gold.stddev_clv, std::sqrt(7200.0));
  EXPECT_EQ(gold.avg_order_value, 60.0);
  EXPECT_EQ(gold.avg_purchase_count, 1.5);
  EXPECT_EQ(gold.repeat_rate, 0.5);
  EXPECT_EQ(gold.avg_lifespan_days, 5.0);
  EXPECT_EQ(gold.avg_days_between_orders, 10.0);
  EXPECT_EQ(gold.first_purchase_date, At("2023-01-01"));
  EXPECT_EQ(gold.last_purchase_date, At("2023-02-01"));
  const domain::ClvBySegmentRow& silver = report.rows[1];
  EXPECT_EQ(silver.total_revenue_micros, Money("120"));
  EXPECT_EQ(silver.stddev_clv, std::nullopt);
  EXPECT_EQ(silver.avg_days_between_orders, std::nullopt);
}

TEST_F(Groups, SelectByWindowButStayLifetimeOutsideWindowColumns) {
  SegmentQuery query;
  query.scope.window = TimeWindow{.start = At("2023-01-05"), .end = At("2023-01-31 23:59:59")};
  const auto report = Must(store_.reports().ClvBySegment(query));
  ASSERT_EQ(report.rows.size(), 2u);
  EXPECT_EQ(report.rows[0].customer_segment, "Gold");
  EXPECT_EQ(report.rows[0].customers, 1u);
  EXPECT_EQ(report.rows[0].total_revenue_micros, Money("150"));
  EXPECT_EQ(report.rows[0].window_revenue_micros, Money("50"));
  EXPECT_EQ(report.rows[0].window_orders, 1u);
  EXPECT_EQ(report.rows[0].orders, 2u);
  EXPECT_EQ(report.rows[1].window_revenue_micros, Money("200"));
}

TEST_F(Groups, CountRefundsOfAWindowOnlyForCustomersWithAnOrderThere) {
  SegmentQuery query;
  query.scope.window = TimeWindow{.start = At("2023-03-01"), .end = std::nullopt};
  EXPECT_TRUE(Must(store_.reports().ClvBySegment(query)).rows.empty());
  query.scope.window = TimeWindow{.start = At("2023-01-21"), .end = std::nullopt};
  const auto report = Must(store_.reports().ClvBySegment(query));
  ASSERT_EQ(report.rows.size(), 2u);
  EXPECT_EQ(report.rows[0].customer_segment, "Silver");
  EXPECT_EQ(report.rows[0].window_revenue_micros, Money("120"));
  EXPECT_EQ(report.rows[0].window_orders, 1u);
}

TEST_F(Groups, CountSignupsAndTheirPurchases) {
  const auto report = Must(store_.reports().ClvByAcquisitionSource({}));
  ASSERT_EQ(report.rows.size(), 3u);
  EXPECT_EQ(report.rows[0].acquisition_source, "Web");
  EXPECT_EQ(report.rows[0].signups, 3u);
  EXPECT_DOUBLE_EQ(*report.rows[0].signup_to_purchase_rate, 2.0 / 3);
  EXPECT_EQ(report.rows[1].acquisition_source, "(unknown)");
  EXPECT_EQ(report.rows[1].signups, 1u);
  EXPECT_EQ(report.rows[2].acquisition_source, "Mail");
  EXPECT_EQ(report.rows[2].customers, 0u);
  EXPECT_EQ(report.rows[2].signups, 1u);
  EXPECT_EQ(report.rows[2].signup_to_purchase_rate, 0.0);
  EXPECT_EQ(report.rows[2].share_of_customers, 0.0);
  EXPECT_EQ(report.rows[2].total_revenue_micros, 0);
  EXPECT_EQ(report.rows[2].avg_clv, std::nullopt);
  EXPECT_EQ(report.rows[2].first_purchase_date, std::nullopt);
}

TEST_F(Groups, CountOnlySignupsInsideAWindow) {
  SegmentQuery query;
  query.scope.window = TimeWindow{.start = At("2023-01-01"), .end = std::nullopt};
  const auto report = Must(store_.reports().ClvByAcquisitionSource(query));
  ASSERT_EQ(report.rows.size(), 3u);
  EXPECT_EQ(report.rows[0].acquisition_source, "Web");
  EXPECT_EQ(report.rows[0].signups, 1u);
  EXPECT_EQ(report.rows[1].signups, 0u);
  EXPECT_EQ(report.rows[1].signup_to_purchase_rate, std::nullopt);
  EXPECT_EQ(report.rows[2].signups, 1u);
}

TEST_F(Groups, ReportEarlyValueOfCustomersObservedLongEnough) {
  // The horizon is 2023-03-02: a is observed for 60 days, c for 40.
  const auto web = Must(store_.reports().ClvByAcquisitionSource({})).rows[0];
  EXPECT_EQ(web.ltv_30d_customers, 2u);
  EXPECT_EQ(web.ltv_30d, 175.0);
  EXPECT_EQ(web.ltv_90d_customers, 0u);
  EXPECT_EQ(web.ltv_90d, std::nullopt);
}

TEST_F(Groups, TakeRefundsWithinTheSpanIntoEarlyValue) {
  SegmentQuery query;
  query.scope.as_of_seconds = At("2023-04-21");  // c: 90 days after its first order
  const auto web = Must(store_.reports().ClvByAcquisitionSource(query)).rows[0];
  EXPECT_EQ(web.ltv_90d_customers, 2u);
  EXPECT_EQ(web.ltv_90d, 135.0);
  EXPECT_EQ(web.ltv_30d, 175.0);
}

TEST_F(Groups, CutTheRangeAfterOrdering) {
  SegmentQuery query;
  query.scope.range = {.limit = 1, .offset = 1};
  const auto report = Must(store_.reports().ClvByAcquisitionSource(query));
  ASSERT_EQ(report.rows.size(), 1u);
  EXPECT_EQ(report.rows[0].acquisition_source, "(unknown)");
  EXPECT_EQ(report.total_rows, 3u);
}

TEST_F(Groups, AreFilteredByEveryAttribute) {
  SegmentQuery query;
  query.scope.filters = {
      .country = {"(unknown)"}, .customer_segment = {"Gold", "Tin"}, .acquisition_source = {"Web"}};
  const auto report = Must(store_.reports().ClvBySegment(query));
  ASSERT_EQ(report.rows.size(), 1u);
  EXPECT_EQ(report.rows[0].customers, 1u);
  EXPECT_EQ(report.rows[0].share_of_revenue, 1.0);
}

TEST(SqliteReportsGroupsTest, LeaveImportedCustomersOutOfEarlyValueAndWindows) {
  ReportStore store;
  store.Add(domain::ImportedClv{.customer_id = "i",
                                .total_spend_micros = Money("90"),
                                .purchase_count = 3,
                                .first_purchase_date = At("2023-01-05"),
                                .last_purchase_date = At("2023-03-05"),
                                .acquisition_source = "Web",
                                .updated_at = At("2023-03-10")});
  store.Add({.purchase_id = "1", .customer_id = "i", .amount = "10", .date = "2023-03-09"});
  store.Add({.purchase_id = "2", .customer_id = "i", .amount = "7", .date = "2023-06-09"});
  store.Write();
  const auto row = Must(store.reports().ClvByAcquisitionSource({})).rows.at(0);
  EXPECT_EQ(row.total_revenue_micros, Money("97"));
  EXPECT_EQ(row.orders, 4u);
  EXPECT_EQ(row.window_orders, 4u);
  EXPECT_EQ(row.signups, 0u);
  EXPECT_EQ(row.ltv_30d_customers, 0u);
  SegmentQuery query;
  query.scope.window = TimeWindow{.start = At("2023-01-01"), .end = std::nullopt};
  const auto windowed = Must(store.reports().ClvByAcquisitionSource(query)).rows.at(0);
  EXPECT_EQ(windowed.window_revenue_micros, Money("17"));
  EXPECT_EQ(windowed.window_orders, 2u);
  EXPECT_EQ(windowed.total_revenue_micros, Money("97"));
}

TEST(SqliteReportsGroupsTest, HaveNoShareOfRevenueThatIsNotPositive) {
  ReportStore store;
  store.Add({.purchase_id = "1", .customer_id = "a", .amount = "10", .date = "2023-03-09"});
  store.Add({.purchase_id = "2", .customer_id = "a", .amount = "-30", .date = "2023-03-10"});
  store.Write();
  const auto row = Must(store.reports().ClvBySegment({})).rows.at(0);
  EXPECT_EQ(row.total_revenue_micros, Money("-20"));
  EXPECT_EQ(row.share_of_revenue, std::nullopt);
  EXPECT_EQ(row.avg_clv, -20.0);
}

}  // namespace
}  // namespace clv::storage
