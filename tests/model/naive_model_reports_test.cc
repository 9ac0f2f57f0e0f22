// What the naive model says of cohorts, groups, buckets, scores and predictions: values worked out
// by hand.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "tests/model/naive_model_fixture.h"

namespace clv::model {
namespace {

using ::testing::ElementsAre;

// Retention: a buys in January, February and March, b in January and March, c in February.
class RetentionTest : public NaiveModelTest {
 protected:
  void SetUp() override {
    Buy("a1", "a", "10", "2023-01-05 00:00:00");
    Buy("a2", "a", "20", "2023-02-10 00:00:00");
    Buy("a3", "a", "5", "2023-03-01 00:00:00");
    Buy("b1", "b", "30", "2023-01-20 00:00:00");
    Buy("b2", "b", "40", "2023-03-15 00:00:00");
    Buy("c1", "c", "50", "2023-02-03 00:00:00");
  }
};

TEST_F(RetentionTest, CountsCohortsPeriodsAndWeightedAverages) {
  const Table table = Ask("customer_retention");
  EXPECT_THAT(Column(table, "cohort"),
              ElementsAre("\"2023-01-01\"", "\"2023-01-01\"", "\"2023-01-01\"", "\"2023-02-01\"",
                          "\"2023-02-01\"", "null", "null"));
  EXPECT_THAT(Column(table, "period"), ElementsAre("0", "1", "2", "0", "1", "0", "1"));
  EXPECT_THAT(Column(table, "is_complete"), ElementsAre("1", "1", "0", "1", "0", "1", "1"));
  EXPECT_THAT(Column(table, "cohort_size"), ElementsAre("2", "2", "2", "1", "1", "3", "2"));
  EXPECT_THAT(Column(table, "retained_customers"), ElementsAre("2", "1", "2", "1", "0", "3", "1"));
  EXPECT_THAT(Column(table, "orders"), ElementsAre("2", "1", "2", "1", "0", "3", "1"));
  EXPECT_THAT(Column(table, "revenue"), ElementsAre("40", "20", "45", "50", "0", "90", "20"));
  EXPECT_THAT(Column(table, "cumulative_revenue"),
              ElementsAre("40", "60", "105", "50", "50", "90", "60"));
  EXPECT_EQ(Cells(table, 2, {"period_start"}), "\"2023-03-01\"");
  EXPECT_EQ(Cells(table, 5, {"period_start"}), "null");
  ExpectReal(table, 1, "retention_rate", 0.5);
  ExpectReal(table, 1, "churn_rate", 0.5);
  ExpectReal(table, 2, "revenue_retention_rate", 1.125);
  ExpectReal(table, 2, "cumulative_ltv", 52.5);
  ExpectReal(table, 6, "revenue_retention_rate", 0.5);
  ExpectReal(table, 6, "cumulative_ltv", 30);
}

TEST_F(RetentionTest, RollingAndCumulativeCountOtherCustomers) {
  EXPECT_THAT(Column(Ask("customer_retention", {{"retention", "rolling"}}), "retained_customers"),
              ElementsAre("2", "2", "2", "1", "0", "3", "2"));
  EXPECT_THAT(
      Column(Ask("customer_retention", {{"retention", "cumulative"}}), "retained_customers"),
      ElementsAre("0", "1", "2", "0", "0", "0", "1"));
}

TEST_F(RetentionTest, WindowKeepsCohortsByTheirFirstDay) {
  EXPECT_THAT(Column(Ask("customer_retention", {{"start_date", "2023-01-02"}}), "cohort"),
              ElementsAre("\"2023-02-01\"", "\"2023-02-01\"", "null"));
}

TEST_F(RetentionTest, SignupCohortsHoldCustomersWithoutOrders) {
  Describe("a", R"(,"signup_date":"2023-02-01")");
  Describe("d", R"(,"signup_date":"2023-02-15")");
  Describe("e", R"(,"signup_date":"2023-03-16")");  // After the horizon.
  Describe("b", "");
  const Table table = Ask("customer_retention", {{"cohort_by", "signup"}});
  EXPECT_THAT(Column(table, "cohort"), ElementsAre("\"2023-02-01\"", "\"2023-02-01\"", "null"));
  EXPECT_THAT(Column(table, "cohort_size"), ElementsAre("2", "2", "2"));
  EXPECT_THAT(Column(table, "retained_customers"), ElementsAre("1", "1", "1"));
  EXPECT_THAT(Column(table, "revenue"), ElementsAre("20", "5", "20"));
  const Table cumulative =
      Ask("customer_retention", {{"cohort_by", "signup"}, {"retention", "cumulative"}});
  EXPECT_THAT(Column(cumulative, "retained_customers"), ElementsAre("1", "1", "1"));
}

TEST_F(RetentionTest, OtherCalendarsStartOnTheirOwnDays) {
  const auto cohort = [&](const std::string& granularity) {
    return Ask("customer_retention", {{"granularity", granularity}}).At(0, "cohort").ToString();
  };
  EXPECT_EQ(cohort("day"), "\"2023-01-05\"");
  EXPECT_EQ(cohort("week"), "\"2023-01-02\"");
  EXPECT_EQ(cohort("quarter"), "\"2023-01-01\"");
  EXPECT_EQ(cohort("year"), "\"2023-01-01\"");
}

TEST_F(NaiveModelTest, ImportedDatesAreActivityWithoutOrdersAndRevenue) {
  Send("customer_clv", R"({"customer_id":"i","total_spend":100,"purchase_count":4,)"
                       R"("first_purchase_date":"2023-01-10","last_purchase_date":"2023-03-05",)"
                       R"("updated_at":"2023-03-06"})");
  const Table table = Ask("customer_retention");
  EXPECT_THAT(Column(table, "retained_customers"), ElementsAre("1", "0", "1", "1", "0"));
  EXPECT_THAT(Column(table, "orders"), ElementsAre("0", "0", "0", "0", "0"));
  EXPECT_EQ(Cells(table, 2, {"revenue_retention_rate", "cumulative_revenue"}), "null|0");
  EXPECT_EQ(Ask("clv_by_segment", {{"start_date", "2023-01-01"}}).rows.size(), 0u);
}

// Segment A: 10, 10 + 20 ten days later, 60; segment B: 100.
class GroupsTest : public NaiveModelTest {
 protected:
  void SetUp() override {
    for (const char* id : {"s1", "s2", "s3"}) Describe(id, R"(,"customer_segment":"A")");
    Describe("s4", R"(,"customer_segment":"B")");
    Buy("p1", "s1", "10", "2023-01-01 00:00:00");
    Buy("p2", "s2", "10", "2023-01-01 00:00:00");
    Buy("p3", "s2", "20", "2023-01-11 00:00:00");
    Buy("p4", "s3", "60", "2023-01-01 00:00:00");
    Buy("p5", "s4", "100", "2023-01-01 00:00:00");
  }
};

TEST_F(GroupsTest, SummarisesEachSegment) {
  const Table table = Ask("clv_by_segment");
  EXPECT_THAT(Column(table, "customer_segment"), ElementsAre("\"A\"", "\"B\""));
  EXPECT_EQ(Cells(table, 0, {"customers", "total_revenue", "window_revenue", "window_orders"}),
            "3|100|100|4");
  EXPECT_EQ(Cells(table, 0, {"median_clv", "p25_clv", "p75_clv", "p90_clv", "min_clv", "max_clv"}),
            "30|10|60|60|10|60");
  ExpectReal(table, 0, "share_of_customers", 0.75);
  ExpectReal(table, 0, "share_of_revenue", 0.5);
  ExpectReal(table, 0, "avg_clv", 100.0 / 3);
  ExpectReal(table, 0, "stddev_clv", std::sqrt(1900.0 / 3));
  ExpectReal(table, 0, "avg_order_value", 25);
  ExpectReal(table, 0, "avg_purchase_count", 4.0 / 3);
  ExpectReal(table, 0, "repeat_rate", 1.0 / 3);
  ExpectReal(table, 0, "avg_lifespan_days", 10.0 / 3);
  ExpectReal(table, 0, "avg_days_between_orders", 10);
  EXPECT_EQ(Cells(table, 1, {"stddev_clv", "avg_days_between_orders"}), "null|null");
}

TEST_F(GroupsTest, WindowSelectsCustomersAndKeepsLifetimes) {
  const Table table = Ask("clv_by_segment", {{"start_date", "2023-01-02"}});
  ASSERT_EQ(table.rows.size(), 1u);
  EXPECT_EQ(Cells(table, 0, {"customers", "total_revenue", "window_revenue", "window_orders"}),
            "1|30|20|1");
}

TEST_F(NaiveModelTest, SourcesKnowSignupsAndEarlyValue) {
  Describe("a", R"(,"acquisition_source":"ads","signup_date":"2022-12-31")");
  Describe("b", R"(,"acquisition_source":"ads")");
  Describe("c", R"(,"acquisition_source":"mail","signup_date":"2023-02-01")");
  Buy("p1", "a", "10", "2023-01-01 00:00:00");
  Buy("p2", "a", "-2", "2023-01-15 00:00:00");
  Buy("p3", "a", "5", "2023-01-31 00:00:00");
  Buy("p4", "a", "7", "2023-03-01 00:00:00");
  const Table table = Ask("clv_by_acquisition_source");
  EXPECT_THAT(Column(table, "acquisition_source"), ElementsAre("\"ads\"", "\"mail\""));
  EXPECT_THAT(Column(table, "signups"), ElementsAre("2", "1"));
  EXPECT_THAT(Column(table, "ltv_30d_customers"), ElementsAre("1", "0"));
  EXPECT_THAT(Column(table, "ltv_90d_customers"), ElementsAre("0", "0"));
  ExpectReal(table, 0, "signup_to_purchase_rate", 0.5);
  ExpectReal(table, 1, "signup_to_purchase_rate", 0);
  ExpectReal(table, 0, "ltv_30d", 13);
  EXPECT_EQ(Cells(table, 0, {"ltv_90d", "orders", "total_revenue"}), "null|3|20");
  EXPECT_EQ(Cells(table, 1, {"customers", "total_revenue", "avg_clv", "median_clv"}),
            "0|0|null|null");
  const Table window = Ask("clv_by_acquisition_source", {{"start_date", "2023-02-01"}});
  EXPECT_THAT(Column(window, "signups"), ElementsAre("0", "1"));
}

TEST_F(GroupsTest, FrequencyBucketsShowEveryBucket) {
  const Table table = Ask("purchase_frequency_analysis", {{"buckets", "1,2,4"}});
  EXPECT_THAT(Column(table, "bucket"), ElementsAre("\"1\"", "\"2-3\"", "\"4+\""));
  EXPECT_THAT(Column(table, "bucket_max"), ElementsAre("1", "3", "null"));
  EXPECT_THAT(Column(table, "customers"), ElementsAre("3", "1", "0"));
  EXPECT_THAT(Column(table, "orders"), ElementsAre("3", "2", "0"));
  EXPECT_THAT(Column(table, "revenue"), ElementsAre("170", "30", "0"));
  EXPECT_THAT(Column(table, "overdue_customers"), ElementsAre("null", "0", "null"));
  ExpectReal(table, 0, "share_of_orders", 0.6);
  ExpectReal(table, 0, "avg_recency_days", 10);
  ExpectReal(table, 1, "median_days_between_orders", 10);
  ExpectReal(table, 2, "share_of_customers", 0);
  EXPECT_EQ(Cells(table, 2, {"avg_clv", "median_clv", "avg_recency_days"}), "null|null|null");
  const Table late = Ask("purchase_frequency_analysis", {{"as_of", "2023-01-22"}});
  EXPECT_EQ(late.At(1, "overdue_customers").ToString(), "1");
}

TEST_F(GroupsTest, RecencyIsFlooredToDays) {
  const Table table = Ask("purchase_frequency_analysis",
                          {{"view", "recency"}, {"buckets", "0,10"}, {"as_of", "2023-01-11"}});
  EXPECT_THAT(Column(table, "bucket"), ElementsAre("\"0-9\"", "\"10+\""));
  EXPECT_THAT(Column(table, "customers"), ElementsAre("1", "3"));
}

TEST_F(NaiveModelTest, IntervalsAreGapsBetweenConsecutiveOrders) {
  Buy("p1", "a", "10", "2023-01-01 00:00:00");
  Buy("p2", "a", "20", "2023-01-08 12:00:00");  // 7.5 days.
  Buy("p3", "a", "30", "2023-01-18 12:00:00");  // 10 days.
  Buy("q1", "b", "1", "2023-01-01 00:00:00");
  Buy("q2", "b", "2", "2023-01-01 00:00:00");  // At once.
  const Table table =
      Ask("purchase_frequency_analysis", {{"view", "interval"}, {"buckets", "0,8"}});
  EXPECT_THAT(Column(table, "customers"), ElementsAre("2", "1"));
  EXPECT_THAT(Column(table, "orders"), ElementsAre("2", "1"));
  EXPECT_THAT(Column(table, "revenue"), ElementsAre("22", "30"));
  ExpectReal(table, 0, "share_of_revenue", 22.0 / 52);
  ExpectReal(table, 0, "avg_order_value", 11);
  ExpectReal(table, 0, "avg_gap_days", 3.75);
  ExpectReal(table, 0, "median_gap_days", 0);
  const Table numbers = Ask("purchase_frequency_analysis", {{"view", "order_number"}});
  EXPECT_EQ(numbers.rows_before_limit, 3);
  EXPECT_THAT(Column(numbers, "customers_reached"), ElementsAre("2", "2", "1"));
  ExpectReal(numbers, 0, "next_order_rate", 1);
  ExpectReal(numbers, 1, "next_order_rate", 0.5);
  ExpectReal(numbers, 2, "next_order_rate", 0);
  ExpectReal(numbers, 0, "median_days_to_next", 0);
  ExpectReal(numbers, 1, "median_days_to_next", 10);
  EXPECT_TRUE(numbers.At(2, "median_days_to_next").is_null());
}

TEST_F(NaiveModelTest, AstronomicalImportedCountsAreNotEnumerated) {
  Send("customer_clv", R"({"customer_id":"i","total_spend":1,"purchase_count":9223372036854775807,)"
                       R"("first_purchase_date":0,"last_purchase_date":0,"updated_at":0})");
  const Table table =
      Ask("purchase_frequency_analysis", {{"view", "order_number"}, {"limit", "2"}});
  EXPECT_EQ(table.rows.size(), 2u);
  EXPECT_EQ(table.rows_before_limit, 9'223'372'036'854'775'807);
}

TEST_F(NaiveModelTest, PredictsByTheAverageOfThePopulation) {
  Buy("p1", "a", "10", "2023-01-01 10:00:00");
  Buy("p2", "a", "15", "2023-01-11 01:00:00");
  Buy("p3", "a", "5", "2023-01-11 02:00:00");
  Buy("p4", "b", "30", "2023-01-01 23:00:00");
  const Table table = Ask("clv_prediction");
  EXPECT_EQ(table.as_of, "2023-01-11 23:59:59");
  EXPECT_EQ(table.rows_before_limit, 2);
  EXPECT_EQ(Cells(table, 0, {"customer_id", "frequency", "recency_days", "tenure_days"}),
            "\"a\"|1|10|10");
  EXPECT_EQ(Cells(table, 1, {"customer_id", "frequency", "recency_days", "tenure_days"}),
            "\"b\"|0|0|10");
  EXPECT_EQ(Cells(table, 0,
                  {"p_alive", "churn_risk", "next_purchase_date", "predicted_clv_low",
                   "predicted_clv_high", "confidence", "model", "model_version"}),
            R"(null|null|null|null|null|"low"|"average"|0)");
  // One repeat in twenty days; four orders for 60.
  const double delta = std::log(1.1) / 365.25;
  const double predicted = 15.0 / 20 * (1 - std::exp(-delta * 365)) / delta;
  ExpectReal(table, 0, "expected_purchases", 365.0 / 20);
  ExpectReal(table, 0, "expected_order_value", 15);
  ExpectReal(table, 0, "predicted_clv", predicted);
  ExpectReal(table, 0, "total_clv", 30 + predicted);
  ExpectReal(Ask("total_customer_value"), 0, "predicted_clv", predicted);

  const Table plain = Ask(
      "clv_prediction",
      {{"discount_rate", "0"}, {"margin", "0.5"}, {"horizon_days", "40"}, {"customer_id", "b"}});
  ASSERT_EQ(plain.rows.size(), 1u);
  ExpectReal(plain, 0, "predicted_clv", 15);
  EXPECT_TRUE(Ask("clv_prediction", {{"min_p_alive", "0.01"}}).rows.empty());
}

TEST_F(NaiveModelTest, WithoutTenureTheAverageRateIsZero) {
  Buy("p1", "a", "10", "2023-01-01 10:00:00");
  const Table table = Ask("clv_prediction");
  EXPECT_EQ(Cells(table, 0, {"expected_purchases", "predicted_clv", "total_clv"}), "0|0|10");
}

// Five customers who bought once each, a day apart: recency scores 1 to 5, the last two spent most.
class RfmTest : public NaiveModelTest {
 protected:
  void SetUp() override {
    Describe("e4", R"(,"country":"UK")");
    Buy("p1", "e1", "10", "2023-01-01 00:00:00");
    Buy("p2", "e2", "10", "2023-01-02 00:00:00");
    Buy("p3", "e3", "10", "2023-01-03 00:00:00");
    Buy("p4", "e4", "50", "2023-01-04 00:00:00");
    Buy("p5", "e5", "50", "2023-01-05 00:00:00");
  }
};

TEST_F(RfmTest, ScoresAgainstTheWholePopulation) {
  const Table table = Ask("customer_segmentation");
  EXPECT_THAT(Column(table, "customer_id"),
              ElementsAre("\"e5\"", "\"e4\"", "\"e3\"", "\"e2\"", "\"e1\""));
  EXPECT_THAT(Column(table, "rfm_score"),
              ElementsAre("\"514\"", "\"414\"", "\"311\"", "\"211\"", "\"111\""));
  EXPECT_THAT(Column(table, "rfm_segment"),
              ElementsAre("\"Loyal Customers\"", "\"Potential Loyalists\"", "\"Promising\"",
                          "\"About To Sleep\"", "\"Lost\""));
  ExpectReal(table, 4, "recency_days", 4);
  const Table filtered = Ask("customer_segmentation", {{"country", "UK"}});
  ASSERT_EQ(filtered.rows.size(), 1u);
  EXPECT_EQ(filtered.At(0, "rfm_score").ToString(), "\"414\"");
  EXPECT_EQ(Ask("customer_segmentation", {{"rfm_segment", "Lost,Promising"}}).rows.size(), 2u);
}

TEST_F(RfmTest, SummaryAndMatrixListEverything) {
  const Table summary = Ask("customer_segmentation", {{"level", "summary"}});
  ASSERT_EQ(summary.rows.size(), 11u);
  EXPECT_EQ(summary.rows_before_limit, std::nullopt);
  EXPECT_THAT(Column(summary, "revenue"),
              ElementsAre("50", "50", "10", "10", "10", "0", "0", "0", "0", "0", "0"));
  EXPECT_EQ(Cells(summary, 0, {"rfm_segment", "customers"}), "\"Loyal Customers\"|1");
  EXPECT_EQ(Cells(summary, 5, {"rfm_segment", "avg_monetary"}), "\"At Risk\"|null");
  ExpectReal(summary, 0, "share_of_revenue", 50.0 / 130);

  const Table matrix = Ask("customer_segmentation", {{"level", "matrix"}, {"country", "UK"}});
  ASSERT_EQ(matrix.rows.size(), 25u);
  EXPECT_EQ(Cells(matrix, 0, {"r_score", "fm_score", "rfm_segment", "customers"}),
            "5|1|\"New Customers\"|0");
  EXPECT_EQ(Cells(matrix, 7, {"r_score", "fm_score", "rfm_segment", "customers"}),
            "4|3|\"Potential Loyalists\"|1");
  ExpectReal(matrix, 7, "share_of_customers", 1);
}

}  // namespace
}  // namespace clv::model
