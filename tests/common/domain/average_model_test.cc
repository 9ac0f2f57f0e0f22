#include "common/domain/average_model.h"

#include <cmath>

#include "gtest/gtest.h"

namespace clv::domain {
namespace {

TEST(AverageModelTest, PredictsNothingFromNobody) {
  const AveragePrediction prediction = PredictAverage(FitAverage({}), {});
  EXPECT_EQ(prediction.predicted_clv, 0);
  EXPECT_EQ(prediction.expected_purchases, 0);
  EXPECT_EQ(prediction.expected_order_value, 0);
}

TEST(AverageModelTest, DividesSumsByPopulation) {
  const AverageModel model = FitAverage({.customers = 2,
                                         .repeat_customers = 1,
                                         .repeat_order_days = 3,
                                         .tenure_days = 60,
                                         .total_spend_micros = 500'000'000,
                                         .purchase_count = 5});
  EXPECT_EQ(model.repeat_orders_per_day, 0.05);
  EXPECT_EQ(model.mean_order_value, 100);
}

TEST(AverageModelTest, DoesNotDiscountAtRateZero) { EXPECT_EQ(DiscountedDays(365, 0), 365); }

TEST(AverageModelTest, ApproachesTheUndiscountedHorizonAsTheRateFalls) {
  EXPECT_NEAR(DiscountedDays(3650, 1e-12), 3650, 1e-6);
}

TEST(AverageModelTest, DiscountsOneYearByTheAnnualRate) {
  const double delta = std::log(1.1) / 365.25;
  EXPECT_NEAR(DiscountedDays(365, 0.10), (1 - std::pow(1.1, -365 / 365.25)) / delta, 1e-9);
}

TEST(AverageModelTest, FallsWithTheDiscountRateAndGrowsWithTheHorizon) {
  EXPECT_GT(DiscountedDays(365, 0.1), DiscountedDays(365, 0.2));
  EXPECT_GT(DiscountedDays(730, 0.1), DiscountedDays(365, 0.1));
}

}  // namespace
}  // namespace clv::domain
