// clv_prediction and customer_segmentation.
#include <cmath>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "tests/common/storage/sqlite_reports_fixture.h"

namespace clv::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// a: days 0 and 10, twice on day 10. b: day 20.
class Prediction : public ::testing::Test {
 protected:
  void SetUp() override {
    store_.Add(
        {.purchase_id = "a1", .customer_id = "a", .amount = "10", .date = "2023-01-01 12:00:00"});
    store_.Add(
        {.purchase_id = "a2", .customer_id = "a", .amount = "20", .date = "2023-01-11 01:00:00"});
    store_.Add(
        {.purchase_id = "a3", .customer_id = "a", .amount = "30", .date = "2023-01-11 23:00:00"});
    store_.Add(
        {.purchase_id = "b1", .customer_id = "b", .amount = "60", .date = "2023-01-21 06:00:00"});
  }

  ReportStore store_;
};

TEST_F(Prediction, ServesThePopulationAverage) {
  store_.Write();
  const auto report = Must(store_.reports().ClvPrediction({}));
  ASSERT_EQ(report.rows.size(), 2u);
  const domain::ClvPredictionRow& a = report.rows[0];
  EXPECT_EQ(a.customer_id, "a");
  EXPECT_EQ(a.purchase_count, 3u);
  EXPECT_EQ(a.frequency, 1u);
  EXPECT_EQ(a.recency_days, 10u);
  EXPECT_EQ(a.tenure_days, 20u);
  // x = 1 over T = 20 + 0 days; 120 over 4 orders.
  EXPECT_DOUBLE_EQ(*a.expected_purchases, 365.0 / 20);
  EXPECT_DOUBLE_EQ(*a.expected_order_value, 30);
  const double delta = std::log(1.1) / 365.25;
  const double want = 30.0 / 20 * (1 - std::exp(-delta * 365)) / delta;
  EXPECT_NEAR(*a.predicted_clv, want, 1e-9);
  EXPECT_NEAR(*a.total_clv, 60 + want, 1e-9);
  EXPECT_EQ(a.p_alive, std::nullopt);
  EXPECT_EQ(a.churn_risk, std::nullopt);
  EXPECT_EQ(a.next_purchase_date, std::nullopt);
  EXPECT_EQ(a.predicted_clv_low, std::nullopt);
  EXPECT_EQ(a.confidence, domain::Confidence::kLow);
  EXPECT_EQ(a.model, domain::ModelFamily::kAverage);
  EXPECT_EQ(a.model_version, 0u);
  EXPECT_EQ(report.context.as_of_seconds, At("2023-01-21 23:59:59"));
  EXPECT_EQ(report.model.repeat_customers, 1u);
  EXPECT_EQ(report.model.data_horizon_seconds, At("2023-01-21 06:00:00"));
}

TEST_F(Prediction, IsThatOfTotalCustomerValue) {
  store_.Write();
  const auto predicted = Must(store_.reports().ClvPrediction({})).rows[0].predicted_clv;
  EXPECT_EQ(Must(store_.reports().TotalCustomerValue({})).rows[0].predicted_clv, predicted);
}

TEST_F(Prediction, FollowsHorizonDiscountAndMargin) {
  store_.Write();
  PredictionQuery query;
  query.horizon_days = 10;
  query.discount_rate = 0;
  query.margin = 0.5;
  const auto rows = Must(store_.reports().ClvPrediction(query)).rows;
  EXPECT_DOUBLE_EQ(*rows[0].predicted_clv, 0.5 * 30 / 20 * 10);
  EXPECT_DOUBLE_EQ(*rows[0].expected_purchases, 0.5);
}

TEST_F(Prediction, SaysWhyTheAverageServes) {
  store_.Write();
  PredictionQuery query;
  EXPECT_THAT(Must(store_.reports().ClvPrediction(query)).context.warnings,
              ElementsAre(HasSubstr("fewer than 100 repeat customers (1)")));
  query.model = domain::ModelFamily::kBgNbd;
  EXPECT_THAT(Must(store_.reports().ClvPrediction(query)).context.warnings,
              ElementsAre("model bgnbd is not fitted: population average served"));
  query.model = domain::ModelFamily::kAverage;
  EXPECT_TRUE(Must(store_.reports().ClvPrediction(query)).context.warnings.empty());
}

TEST_F(Prediction, HasNoRowsForAnyLeastPAlive) {
  store_.Write();
  PredictionQuery query;
  query.min_p_alive = 0.01;
  const auto report = Must(store_.reports().ClvPrediction(query));
  EXPECT_TRUE(report.rows.empty());
  EXPECT_EQ(report.total_rows, 0u);
}

TEST_F(Prediction, AveragesThePopulationBeforeFiltersAndIds) {
  store_.Write();
  PredictionQuery query;
  query.customer_ids = {"b", "nobody"};
  const auto rows = Must(store_.reports().ClvPrediction(query)).rows;
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_DOUBLE_EQ(*rows[0].expected_order_value, 30);
}

TEST_F(Prediction, PredictsZeroAtTheFirstDay) {
  store_.Write();
  PredictionQuery query;
  query.scope.as_of_seconds = At("2023-01-01 13:00:00");
  const auto report = Must(store_.reports().ClvPrediction(query));
  ASSERT_EQ(report.rows.size(), 1u);
  EXPECT_EQ(report.rows[0].tenure_days, 0u);
  EXPECT_EQ(report.rows[0].predicted_clv, 0.0);
  EXPECT_EQ(report.context.as_of_seconds, At("2023-01-01 13:00:00"));
}

TEST_F(Prediction, CountsImportedOrdersAndLaterDaysAsFrequency) {
  store_.Add(domain::ImportedClv{.customer_id = "a",
                                 .total_spend_micros = Money("5"),
                                 .purchase_count = 4,
                                 .first_purchase_date = At("2022-12-01"),
                                 .last_purchase_date = At("2023-01-01"),
                                 .updated_at = At("2023-01-01")});
  store_.Add({.purchase_id = "a4", .customer_id = "a", .amount = "1", .date = "2023-01-12"});
  store_.Write();
  for (const std::optional<int64_t> as_of :
       {std::optional<int64_t>(), std::optional<int64_t>(At("2023-01-12 23:59:59"))}) {
    PredictionQuery query;
    query.scope.as_of_seconds = as_of;
    const auto rows = Must(store_.reports().ClvPrediction(query)).rows;
    EXPECT_EQ(rows.at(0).frequency,
              5u);  // 4 - 1 + the days 11 and 12; a1 lies on the day of updated_at
    EXPECT_EQ(rows.at(0).purchase_count, 8u);
    EXPECT_EQ(rows.at(0).total_spend_micros, Money("66"));
  }
}

// Ten customers k0..k9, the later the better; k9 and k8 spend alike.
class Segmentation : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int i = 0; i < 10; ++i) {
      const std::string id = absl::StrCat("k", i);
      store_.Add(domain::Customer{
          .customer_id = id, .name = absl::StrCat("N", i), .country = i < 5 ? "FR" : "US"});
      store_.Add({.purchase_id = id,
                  .customer_id = id,
                  .amount = absl::StrCat(std::min(i, 8) * 10),
                  .date = absl::StrCat("2023-01-0", std::min(i + 1, 9))});
    }
    store_.Write();
  }

  ReportStore store_;
};

TEST_F(Segmentation, ScoresByTheShareThatIsStrictlyWorse) {
  const auto rows = Must(store_.reports().RfmCustomers({})).rows;
  ASSERT_EQ(rows.size(), 10u);
  // R: eight are worse than k9 and k8: 1 + floor(5 * 8 / 10) = 5. F: all equal: 1. M likewise 5.
  EXPECT_EQ(rows[0].customer_id, "k8");
  EXPECT_EQ(rows[0].rfm_score, "515");
  EXPECT_EQ(rows[0].rfm_segment, "Loyal Customers");
  EXPECT_EQ(rows[0].name, "N8");
  EXPECT_EQ(rows[0].recency_days, 0.0);
  EXPECT_EQ(rows[0].avg_order_value, 80.0);
  EXPECT_EQ(rows[1].customer_id, "k9");
  EXPECT_EQ(rows[9].customer_id, "k0");
  EXPECT_EQ(rows[9].rfm_score, "111");
  EXPECT_EQ(rows[9].rfm_segment, "Lost");
}

TEST_F(Segmentation, KeepsScoresUnderFilters) {
  SegmentationQuery query;
  query.scope.filters.country = {"FR"};
  const auto rows = Must(store_.reports().RfmCustomers(query)).rows;
  ASSERT_EQ(rows.size(), 5u);
  EXPECT_EQ(rows[0].customer_id, "k4");
  EXPECT_EQ(rows[0].rfm_score, "313");
}

TEST_F(Segmentation, ListsAllElevenSegmentsByRevenueThenName) {
  const auto rows = Must(store_.reports().RfmSegments({})).rows;
  ASSERT_EQ(rows.size(), 11u);
  uint64_t customers = 0;
  for (const auto& row : rows) customers += row.customers;
  EXPECT_EQ(customers, 10u);
  EXPECT_EQ(rows[0].rfm_segment, "Loyal Customers");
  EXPECT_EQ(rows[0].customers, 2u);
  EXPECT_EQ(rows[0].share_of_customers, 0.2);
  EXPECT_EQ(rows[0].revenue_micros, Money("160"));
  EXPECT_EQ(rows[0].avg_monetary, 80.0);
  EXPECT_EQ(rows[0].avg_frequency, 1.0);
  EXPECT_EQ(rows[0].avg_recency_days, 0.0);
}

TEST_F(Segmentation, SharesAreOverTheSegmentsAskedFor) {
  SegmentationQuery query;
  query.rfm_segments = {"Loyal Customers"};
  const auto summary = Must(store_.reports().RfmSegments(query)).rows;
  ASSERT_EQ(summary.size(), 11u);
  EXPECT_EQ(summary[0].share_of_customers, 1.0);
  EXPECT_EQ(summary[1].rfm_segment, "About To Sleep");
  EXPECT_EQ(summary[1].customers, 0u);
  EXPECT_EQ(summary[1].avg_monetary, std::nullopt);
  EXPECT_EQ(Must(store_.reports().RfmCustomers(query)).rows.size(), 2u);
}

TEST_F(Segmentation, ListsAll25Cells) {
  const auto rows = Must(store_.reports().RfmMatrix({})).rows;
  ASSERT_EQ(rows.size(), 25u);
  EXPECT_EQ(rows[0].r_score, 5u);
  EXPECT_EQ(rows[0].fm_score, 1u);
  EXPECT_EQ(rows[0].rfm_segment, "New Customers");
  EXPECT_EQ(rows[2].customers, 2u);
  EXPECT_EQ(rows[24].r_score, 1u);
  EXPECT_EQ(rows[24].fm_score, 5u);
  EXPECT_EQ(rows[24].rfm_segment, "Can't Lose Them");
}

TEST_F(Segmentation, CutsTheRangeOfCustomers) {
  SegmentationQuery query;
  query.scope.range = {.limit = 3, .offset = 8};
  const auto report = Must(store_.reports().RfmCustomers(query));
  EXPECT_EQ(report.total_rows, 10u);
  EXPECT_EQ(report.rows.size(), 2u);
}

}  // namespace
}  // namespace clv::storage
