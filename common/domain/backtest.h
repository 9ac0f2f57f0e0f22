// common/domain/backtest.h: how well a model that knew the past up to a day has predicted what came
// after it.
#ifndef CLV_COMMON_DOMAIN_BACKTEST_H_
#define CLV_COMMON_DOMAIN_BACKTEST_H_

#include <array>
#include <cstdint>
#include <vector>

#include "common/domain/customer_prediction.h"
#include "common/domain/order_histories.h"

namespace clv::domain {

// Errors of a forecast of each customer's number of order days in the holdout.
struct ForecastErrors {
  double predicted_total = 0;
  double bias = 0;  // predicted total / actual total - 1; 0 where nothing was bought
  double mean_absolute_error = 0;
  double root_mean_square_error = 0;
};

// Customers of equal rank by their prediction, from the greatest.
struct BacktestDecile {
  uint64_t customers = 0;
  double predicted = 0;  // order days in sum
  uint64_t actual = 0;
};

// Repeat order days of the customers acquired up to the cut, by weeks from the first order on.
struct BacktestWeek {
  int32_t first_day = 0;  // seven days, the last week may be cut off
  double expected = 0;
  uint64_t actual = 0;
};

struct Backtest {
  int32_t cut_day = 0;  // the model knew the order days up to here
  int32_t end_day = 0;  // the holdout is (cut_day, end_day]
  uint64_t customers = 0;
  uint64_t actual_total = 0;
  ForecastErrors model;
  ForecastErrors rate;   // naive: x / T goes on
  ForecastErrors zero;   // naive: nobody buys again
  double log_score = 0;  // mean ln P(what each customer did)
  // Shares of customers whose number lies between the quantiles of a central interval. Numbers are
  // whole, so that even right intervals hold more than their name says.
  double coverage_50 = 0;
  double coverage_80 = 0;
  double coverage_90 = 0;
  std::array<BacktestDecile, 10> deciles;
  double top_decile_capture = 0;  // share of all order days bought by the first decile
  std::vector<BacktestWeek> weeks;
};

// Holds the model, fitted to the histories at `cut_day`, against the order days until `end_day`,
// for customers acquired up to the cut. Wants a fitted family, parameters in days.
Backtest RunBacktest(const FittedModel& model, const OrderHistories& orders, int32_t cut_day,
                     int32_t end_day);

// The mean ln P alone.
double LogScore(const FittedModel& model, const OrderHistories& orders, int32_t cut_day,
                int32_t end_day);

// Expected repeat order days of a new customer within each number of days 0..`days`.
std::vector<double> ExpectedOfNewCustomer(const FittedModel& model, int32_t days);

}  // namespace clv::domain

#endif  // CLV_COMMON_DOMAIN_BACKTEST_H_
