#include "common/domain/backtest.h"

#include <cmath>
#include <numeric>

#include "common/domain/model_choice.h"
#include "common/domain/model_fit.h"
#include "gtest/gtest.h"
#include "tests/common/domain/cdnow_sample.h"
#include "tests/common/domain/simulated_shop.h"

namespace clv::domain {
namespace {

bool GoOn(double) { return true; }

class CdnowBacktestTest : public ::testing::Test {
 protected:
  void SetUp() override {
    orders_ = ReadCdnow();
    if (!orders_) GTEST_SKIP() << "CDNOW_sample.txt.gz is not there (set CLV_SHARED_DATA)";
  }
  Backtest Run(ModelFamily family) const {
    const FamilyFit fit = FitFamily(family, orders_->HistoriesAt(kCdnowCut), {});
    return RunBacktest({.family = family, .parameters = fit.parameters}, *orders_, kCdnowCut,
                       kCdnowEnd);
  }

  std::optional<OrderHistories> orders_;
};

TEST_F(CdnowBacktestTest, ParetoNbdHasTheKnownErrors) {
  const Backtest backtest = Run(ModelFamily::kParetoNbd);
  EXPECT_EQ(backtest.customers, 2357u);
  EXPECT_EQ(backtest.actual_total, 1882u);
  EXPECT_NEAR(backtest.model.predicted_total, 1665.5, .2);
  EXPECT_NEAR(backtest.model.mean_absolute_error, .7545, 1e-4);
  EXPECT_NEAR(backtest.model.root_mean_square_error, 1.6028, 2e-4);
  EXPECT_GE(backtest.coverage_90, .88);
  EXPECT_LE(backtest.coverage_90, .96);
}

TEST_F(CdnowBacktestTest, BgNbdHasTheKnownErrors) {
  const Backtest backtest = Run(ModelFamily::kBgNbd);
  EXPECT_NEAR(backtest.model.predicted_total, 1653.4, .2);
  EXPECT_NEAR(backtest.model.mean_absolute_error, .7855, 1e-4);
  EXPECT_NEAR(backtest.model.root_mean_square_error, 1.6080, 2e-4);
  EXPECT_GE(backtest.coverage_90, .88);
  EXPECT_LE(backtest.coverage_90, .96);
}

TEST_F(CdnowBacktestTest, ModelsBeatNaiveForecasts) {
  const Backtest backtest = Run(ModelFamily::kBgNbd);
  EXPECT_LT(backtest.model.root_mean_square_error, backtest.rate.root_mean_square_error);
  EXPECT_LT(backtest.model.root_mean_square_error, backtest.zero.root_mean_square_error);
  EXPECT_EQ(backtest.zero.bias, -1);
  EXPECT_NEAR(backtest.zero.mean_absolute_error, 1882.0 / 2357, 1e-12);
}

TEST_F(CdnowBacktestTest, PartsSumToTheWhole) {
  const Backtest backtest = Run(ModelFamily::kParetoNbd);
  uint64_t customers = 0;
  uint64_t actual = 0;
  double predicted = 0;
  for (const BacktestDecile& decile : backtest.deciles) {
    customers += decile.customers;
    actual += decile.actual;
    predicted += decile.predicted;
  }
  EXPECT_EQ(customers, backtest.customers);
  EXPECT_EQ(actual, backtest.actual_total);
  EXPECT_NEAR(predicted, backtest.model.predicted_total, 1e-6);
  EXPECT_GT(backtest.top_decile_capture, .4);
  EXPECT_LT(backtest.log_score, -0.5);

  ASSERT_EQ(backtest.weeks.size(), 78u);
  uint64_t in_weeks = 0;
  double expected = 0;
  for (const BacktestWeek& week : backtest.weeks) {
    in_weeks += week.actual;
    expected += week.expected;
  }
  EXPECT_EQ(in_weeks, 2457u + 1882u);
  // The models are known to follow the calibration and to stay below the holdout.
  EXPECT_NEAR(expected, 2457 + 1882, 150);
  EXPECT_LT(expected, 2457 + 1882);
}

TEST_F(CdnowBacktestTest, TrackingByCalibrationFrequencyAsInTheBtydWalkthrough) {
  const FamilyFit fit = FitFamily(ModelFamily::kBgNbd, orders_->HistoriesAt(kCdnowCut), {});
  const CustomerScorer scorer({.family = ModelFamily::kBgNbd, .parameters = fit.parameters},
                              {.horizon_days = kCdnowEnd - kCdnowCut});
  const double expected[] = {.225, .523, 1.044, 1.520, 2.164, 2.654, 3.504, 6.157};
  double sums[8] = {};
  double counts[8] = {};
  for (const HistoryGroup& group : orders_->HistoriesAt(kCdnowCut).groups) {
    const int bin = static_cast<int>(std::min(7u, group.frequency));
    sums[bin] +=
        group.customers *
        scorer.Score({group.frequency, group.recency_days, group.tenure_days}).expected_purchases;
    counts[bin] += group.customers;
  }
  for (int bin = 0; bin < 8; ++bin)
    EXPECT_NEAR(sums[bin] / counts[bin], expected[bin], 6e-4) << bin;
}

TEST_F(CdnowBacktestTest, AutomaticChoice) {
  const std::optional<FittedModels> models = FitAndChoose(*orders_, kCdnowEnd, nullptr, GoOn);
  ASSERT_TRUE(models);
  EXPECT_EQ(models->customers, 2357u);
  EXPECT_EQ(models->families.size(), 4u);
  EXPECT_NE(models->chosen, ModelFamily::kNbd);
  ASSERT_TRUE(models->backtest);
  EXPECT_EQ(models->backtest->end_day, kCdnowEnd);
  EXPECT_TRUE(models->warnings.empty()) << models->warnings.front();
  const FittedModel served = ModelToServe(*models, ServedFamily(*models, ModelFamily::kAuto));
  EXPECT_TRUE(served.spend);
  EXPECT_GT(served.mean_order_value, 30);

  // Warm or cold, the same model; equal input, equal bits.
  const std::optional<FittedModels> again = FitAndChoose(*orders_, kCdnowEnd, nullptr, GoOn);
  EXPECT_EQ(ModelToServe(*again, again->chosen), served);
  const std::optional<FittedModels> warm = FitAndChoose(*orders_, kCdnowEnd, &*models, GoOn);
  EXPECT_EQ(warm->chosen, models->chosen);
  for (int i = 0; i < 4; ++i) {
    EXPECT_NEAR(ModelToServe(*warm, warm->chosen).parameters[i], served.parameters[i],
                1e-5 * served.parameters[i]);
  }
}

TEST(ModelChoiceTest, WithoutDropOutTheNbdIsServedAndSaidSo) {
  const OrderHistories orders = SimulateOrders(ModelFamily::kNbd, {.8, 80}, {.customers = 2000}, 5);
  const std::optional<FittedModels> models = FitAndChoose(orders, 730, nullptr, GoOn);
  ASSERT_TRUE(models);
  EXPECT_EQ(models->chosen, ModelFamily::kNbd);
  EXPECT_EQ(ServedFamily(*models, ModelFamily::kBgNbd), ModelFamily::kNbd);
  ASSERT_FALSE(models->warnings.empty());
  EXPECT_NE(models->choice_reason.find("no drop-out"), std::string::npos);
}

TEST(ModelChoiceTest, ChoosesTheFamilyThatMadeTheData) {
  // Regulars of whom most leave after the first order, which only the MBG/NBD knows.
  const OrderHistories orders =
      SimulateOrders(ModelFamily::kMbgNbd, {2, 60, 1, 1.5}, {.customers = 6000}, 11);
  const std::optional<FittedModels> models = FitAndChoose(orders, 730, nullptr, GoOn);
  ASSERT_TRUE(models);
  const FamilyFit* mbg = FitOf(*models, ModelFamily::kMbgNbd);
  EXPECT_GE(mbg->log_score, FitOf(*models, models->chosen)->log_score - 0.0006);
  EXPECT_NE(models->chosen, ModelFamily::kNbd);
}

TEST(ModelChoiceTest, EndsWhenTold) {
  const OrderHistories orders =
      SimulateOrders(ModelFamily::kBgNbd, {.8, 80, .5, 2}, {.customers = 500}, 5);
  EXPECT_FALSE(FitAndChoose(orders, 730, nullptr, [](double) { return false; }));
}

TEST(ModelChoiceTest, TooLittleDataIsSaid) {
  EXPECT_EQ(TooLittleData(99, 1000), "fewer than 100 repeat customers (99)");
  EXPECT_EQ(TooLittleData(100, 89), "less than 90 days of history (89)");
  EXPECT_EQ(TooLittleData(100, 90), "");
}

TEST(OrderHistoriesTest, HistoriesAsOfADay) {
  OrderHistories orders;
  orders.Add({{10, 5'000'000}, {12, 7'000'000}, {20, 0}, {30, 3'000'000}});
  orders.Add({{25, 1'000'000}});
  const auto groups = orders.HistoriesAt(22).groups;
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups[0], (HistoryGroup{2, 10, 12, 1}));
  EXPECT_EQ(orders.HistoriesAt(30).customers(), 2u);
  // Days without a value do not count for spending, nor does the first.
  const SpendHistories spending = orders.SpendAt(30);
  ASSERT_EQ(spending.customers.size(), 1u);
  EXPECT_EQ(spending.customers[0].days, 2u);
  EXPECT_EQ(spending.customers[0].mean, 5);
  EXPECT_EQ(orders.MeanOrderValueAt(30), 4);
  EXPECT_EQ(orders.first_day(), 10);
  EXPECT_EQ(orders.last_day(), 30);
}

TEST(OrderHistoriesTest, ImportedCustomersTakePartInPresentFitsOnly) {
  OrderHistories orders;
  orders.Add({{10, 5'000'000}, {30, 5'000'000}});
  orders.AddImported(
      5, {.frequency = 4, .recency_days = 20, .spend_days = 4, .spend_micros = 80'000'000});
  EXPECT_EQ(orders.HistoriesAt(29).customers(), 1u);
  EXPECT_EQ(orders.HistoriesAt(30).customers(), 2u);
  EXPECT_EQ(orders.HistoriesAt(30).groups[1], (HistoryGroup{4, 20, 25, 1}));
  EXPECT_EQ(orders.SpendAt(30).customers.size(), 2u);
}

}  // namespace
}  // namespace clv::domain
