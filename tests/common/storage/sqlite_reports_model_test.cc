// Reports that a fitted model answers, against the domain's scorer on histories counted by hand.
#include <cmath>
#include <string>

#include "common/base/instant.h"
#include "common/domain/customer_prediction.h"
#include "common/domain/model_choice.h"
#include "common/storage/fitted_models_codec.h"
#include "common/storage/sqlite/migrations/migrations.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/common/storage/sqlite_reports_fixture.h"

namespace clv::storage {
namespace {

using domain::CustomerHistory;
using domain::ModelFamily;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

domain::FittedModels SomeFit() {
  domain::FittedModels models;
  models.families = {
      {.family = ModelFamily::kBgNbd,
       .parameters = {.6, 30, .7, 2.2},
       .standard_errors = {{.1, 2, .2, .3}},
       .converged = true},
      {.family = ModelFamily::kParetoNbd,
       .parameters = {.6, 30, .5, 80},
       .converged = true,
       .drop_out_identified = false},
      {.family = ModelFamily::kMbgNbd, .parameters = {.7, 33, .6, 1.9}, .converged = false},
      {.family = ModelFamily::kNbd, .parameters = {.5, 60}, .converged = true}};
  models.chosen = ModelFamily::kBgNbd;
  models.choice_reason = "bgnbd has the best rolling-origin log score";
  models.spend = domain::SpendFit{.parameters = {4, 3, 50}, .customers = 77, .converged = true};
  models.mean_order_value = 88;
  models.customers = 1000;
  models.repeat_customers = 400;
  models.horizon_day = 19'600;
  models.warnings = {"a warning"};
  return models;
}

// Five customers of 2023; the horizon is 2023-06-10, the last complete scoring of 2023-06-08.
class FittedReportsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    // Two orders on one day, a day whose orders are refunded in part, one without value.
    store_.Add({.purchase_id = "a1", .customer_id = "a", .amount = "10", .date = "2023-01-01"});
    store_.Add({.purchase_id = "a2", .customer_id = "a", .amount = "20", .date = "2023-02-01"});
    store_.Add(
        {.purchase_id = "a3", .customer_id = "a", .amount = "5.5", .date = "2023-02-01 10:00:00"});
    store_.Add({.purchase_id = "a4", .customer_id = "a", .amount = "30", .date = "2023-03-01"});
    store_.Add({.purchase_id = "a5",
                .customer_id = "a",
                .amount = "-12",
                .date = "2023-05-01",
                .order_id = "a4"});
    store_.Add({.purchase_id = "a6", .customer_id = "a", .amount = "0", .date = "2023-04-01"});
    store_.Add({.purchase_id = "b1", .customer_id = "b", .amount = "40", .date = "2023-05-05"});
    store_.Add({.purchase_id = "b2",
                .customer_id = "b",
                .amount = "99",
                .date = "2023-05-20",
                .currency = "EUR"});
    // Later than the last scoring.
    store_.Add({.purchase_id = "c1", .customer_id = "c", .amount = "70", .date = "2023-05-05"});
    store_.Add({.purchase_id = "c2", .customer_id = "c", .amount = "80", .date = "2023-06-10"});
    // An order before the imported record's day, on it, and after it.
    store_.Add({.customer_id = "i",
                .total_spend_micros = Money("300"),
                .purchase_count = 4,
                .first_purchase_date = At("2022-11-01"),
                .last_purchase_date = At("2023-01-15"),
                .updated_at = At("2023-02-10 12:00:00")});
    store_.Add({.purchase_id = "i1", .customer_id = "i", .amount = "11", .date = "2023-02-09"});
    store_.Add(
        {.purchase_id = "i2", .customer_id = "i", .amount = "12", .date = "2023-02-10 13:00:00"});
    store_.Add({.purchase_id = "i3", .customer_id = "i", .amount = "13", .date = "2023-03-03"});
    // No qualifying order.
    store_.Add({.purchase_id = "n1", .customer_id = "n", .amount = "-5", .date = "2023-03-03"});
    store_.Write();
    PutModel(SomeFit());
  }

  void PutModel(const domain::FittedModels& models) {
    const auto db = Must(Database::Open({.path = store_.path(),
                                         .mode = Database::Mode::kReadWrite,
                                         .migrations = &ClvMigrations()}));
    Statement insert = Must(db->Prepare(
        "INSERT INTO clv_models VALUES (7, 'bgnbd', '', 1000, 400, ?, 1700000000, 1.5, ?)"));
    insert.Bind(1, At("2023-06-01"));
    insert.BindBlob(2, PackFittedModels(models));
    ASSERT_TRUE(insert.Run().ok());
    Statement scoring = Must(db->Prepare("INSERT INTO scoring VALUES (1, 7, ?, 0)"));
    scoring.Bind(1, DayOf(At("2023-06-08")));
    ASSERT_TRUE(scoring.Run().ok());
  }

  domain::FittedModel Model(ModelFamily family = ModelFamily::kBgNbd) {
    domain::FittedModel model = domain::ModelToServe(SomeFit(), family);
    model.version = 7;
    return model;
  }

  // The row of a customer, filled by the scorer.
  static domain::ClvPredictionRow Filled(const domain::CustomerScorer& scorer,
                                         const CustomerHistory& history, const char* day,
                                         domain::ClvPredictionRow row) {
    domain::FillPrediction(scorer, history, DayOf(At(day)), row);
    return row;
  }

  static const domain::ClvPredictionRow& RowOf(const PredictionReport& report,
                                               const std::string& id) {
    for (const domain::ClvPredictionRow& row : report.rows) {
      if (row.customer_id == id) return row;
    }
    ADD_FAILURE() << "no row of " << id;
    static const domain::ClvPredictionRow none;
    return none;
  }

  ReportStore store_;
};

constexpr uint32_t kDaysOfA = 158;  // 2023-01-01 .. 2023-06-08

TEST_F(FittedReportsTest, HistoriesAreCountedByCalendarDays) {
  const PredictionReport report = Must(store_.reports().ClvPrediction({}));
  EXPECT_EQ(report.context.as_of_seconds, At("2023-06-08 23:59:59"));
  EXPECT_EQ(report.context.model_version, 7u);
  EXPECT_THAT(report.context.warnings, ElementsAre("a warning"));
  EXPECT_EQ(report.total_rows, 4u);
  const domain::CustomerScorer scorer(Model(), {});
  const auto expect = [&](const std::string& id, const CustomerHistory& history, const char* day) {
    const domain::ClvPredictionRow& row = RowOf(report, id);
    EXPECT_EQ(row.frequency, history.frequency) << id;
    EXPECT_EQ(row.recency_days, history.recency_days) << id;
    EXPECT_EQ(row.tenure_days, history.tenure_days) << id;
    EXPECT_EQ(row, Filled(scorer, history, day, row)) << id;
    EXPECT_EQ(row.model, ModelFamily::kBgNbd);
  };
  // The days of 25.50, 18 (after the refund) and nothing.
  expect("a", {3, 90, kDaysOfA, 2, Money("43.5")}, "2023-06-08");
  expect("b", {0, 0, 34, 0, 0}, "2023-06-08");
  expect("c", {1, 36, 36, 1, Money("80")}, "2023-06-10");
  // Three repeats of the record at 75 each, and one day after that of its update.
  expect("i", {4, 122, 219, 4, Money("225") + Money("13")}, "2023-06-08");
}

TEST_F(FittedReportsTest, OrdersByPredictedClv) {
  const PredictionReport report = Must(store_.reports().ClvPrediction({}));
  for (size_t i = 1; i < report.rows.size(); ++i) {
    EXPECT_GE(*report.rows[i - 1].predicted_clv, *report.rows[i].predicted_clv);
  }
  PredictionQuery second;
  second.scope.range = {.limit = 1, .offset = 1};
  const PredictionReport page = Must(store_.reports().ClvPrediction(second));
  ASSERT_EQ(page.rows.size(), 1u);
  EXPECT_EQ(page.rows[0], report.rows[1]);
  EXPECT_EQ(page.total_rows, 4u);
}

TEST_F(FittedReportsTest, AsOfInThePastTakesTheStateOfThen) {
  PredictionQuery query;
  query.scope.as_of_seconds = At("2023-03-31 12:00:00");
  query.horizon_days = 30;
  query.discount_rate = 0;
  query.margin = .5;
  const PredictionReport report = Must(store_.reports().ClvPrediction(query));
  EXPECT_EQ(report.context.as_of_seconds, At("2023-03-31 12:00:00"));
  ASSERT_EQ(report.rows.size(), 2u);
  const domain::CustomerScorer scorer(Model(),
                                      {.horizon_days = 30, .discount_rate = 0, .margin = .5});
  const domain::ClvPredictionRow& row = RowOf(report, "a");
  // Before the refund.
  EXPECT_EQ(row, Filled(scorer, {2, 59, 89, 2, Money("55.5")}, "2023-03-31", row));
}

TEST_F(FittedReportsTest, KeepsThoseWhoAreAliveEnough) {
  PredictionQuery query;
  query.min_p_alive = .9;
  const PredictionReport report = Must(store_.reports().ClvPrediction(query));
  ASSERT_FALSE(report.rows.empty());
  EXPECT_LT(report.rows.size(), 4u);
  for (const domain::ClvPredictionRow& row : report.rows) EXPECT_GE(*row.p_alive, .9);
}

TEST_F(FittedReportsTest, FamiliesThatCannotAnswerSayWhoDoes) {
  PredictionQuery query;
  query.model = ModelFamily::kParetoNbd;
  PredictionReport report = Must(store_.reports().ClvPrediction(query));
  EXPECT_EQ(report.model.family, ModelFamily::kNbd);
  EXPECT_EQ(*RowOf(report, "a").p_alive, 1);
  EXPECT_THAT(report.context.warnings,
              ElementsAre("model paretonbd identifies no drop-out: nbd served", "a warning"));
  query.model = ModelFamily::kMbgNbd;
  report = Must(store_.reports().ClvPrediction(query));
  EXPECT_EQ(report.model.family, ModelFamily::kNbd);
  EXPECT_THAT(report.context.warnings.front(), HasSubstr("mbgnbd did not converge"));
  query.model = ModelFamily::kAverage;
  report = Must(store_.reports().ClvPrediction(query));
  EXPECT_EQ(report.model.family, ModelFamily::kAverage);
  EXPECT_EQ(report.context.model_version, 0u);
  EXPECT_TRUE(report.context.warnings.empty());
  EXPECT_FALSE(RowOf(report, "a").p_alive);
}

TEST_F(FittedReportsTest, TotalCustomerValueShowsTheDefaultPrediction) {
  const PredictionReport predictions = Must(store_.reports().ClvPrediction({}));
  CustomerValueQuery query;
  query.sort = CustomerSort::kPredictedClv;
  query.customer_ids = {"a", "b", "c", "i", "n"};
  const auto report = Must(store_.reports().TotalCustomerValue(query));
  EXPECT_EQ(report.context.model_version, 7u);
  ASSERT_EQ(report.rows.size(), 5u);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(report.rows[i].customer_id, predictions.rows[i].customer_id);
    EXPECT_EQ(report.rows[i].p_alive, predictions.rows[i].p_alive);
    EXPECT_EQ(report.rows[i].predicted_clv, predictions.rows[i].predicted_clv);
  }
  EXPECT_EQ(report.rows[4].customer_id, "n") << "no order, no prediction: last";
  EXPECT_FALSE(report.rows[4].predicted_clv);

  query.sort = CustomerSort::kTotalSpend;
  query.scope.range = {.limit = 1, .offset = 0};
  const auto first = Must(store_.reports().TotalCustomerValue(query));
  EXPECT_EQ(first.rows[0].predicted_clv,
            RowOf(predictions, first.rows[0].customer_id).predicted_clv);
}

TEST_F(FittedReportsTest, TotalCustomerValueTakesItsOwnAsOf) {
  PredictionQuery predictions;
  predictions.scope.as_of_seconds = At("2023-03-31 12:00:00");
  CustomerValueQuery values;
  values.scope.as_of_seconds = At("2023-03-31 12:00:00");
  values.customer_ids = {"a"};
  const auto report = Must(store_.reports().TotalCustomerValue(values));
  ASSERT_EQ(report.rows.size(), 1u);
  EXPECT_EQ(report.rows[0].p_alive,
            RowOf(Must(store_.reports().ClvPrediction(predictions)), "a").p_alive);
}

TEST(FittedModelsCodecTest, EverythingComesBack) {
  domain::FittedModels models = SomeFit();
  models.backtest = domain::Backtest{.cut_day = 10, .end_day = 20, .customers = 5};
  models.backtest->deciles[3].predicted = 1.0 / 3;
  models.backtest->weeks = {{.first_day = 3, .expected = 2.5, .actual = 9}};
  const std::string bytes = PackFittedModels(models);
  const domain::FittedModels back = Must(UnpackFittedModels(bytes));
  EXPECT_EQ(PackFittedModels(back), bytes);
  EXPECT_EQ(back.families[0].parameters, models.families[0].parameters);
  EXPECT_EQ(back.families[0].standard_errors, models.families[0].standard_errors);
  EXPECT_FALSE(back.families[1].drop_out_identified);
  EXPECT_EQ(back.chosen, models.chosen);
  EXPECT_EQ(back.warnings, models.warnings);
  EXPECT_EQ(back.backtest->weeks[0].actual, 9u);
  EXPECT_EQ(back.backtest->deciles[3].predicted, 1.0 / 3);
  EXPECT_EQ(back.spend->parameters, models.spend->parameters);
}

TEST(FittedModelsCodecTest, BrokenBytesAreDataLoss) {
  const std::string bytes = PackFittedModels(SomeFit());
  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_TRUE(absl::IsDataLoss(UnpackFittedModels(bytes.substr(0, length)).status())) << length;
  }
  EXPECT_TRUE(absl::IsDataLoss(UnpackFittedModels(bytes + "x").status()));
  std::string other_format = bytes;
  other_format[0] = 40;
  EXPECT_TRUE(absl::IsDataLoss(UnpackFittedModels(other_format).status()));
}

}  // namespace
}  // namespace clv::storage
