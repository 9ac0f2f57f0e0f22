// common/domain/average_model.h: the prediction that serves where no model can be fitted: every
// customer is the average one.
//
// Pure functions. Money is in currency units, times in days.
#ifndef CLV_COMMON_DOMAIN_AVERAGE_MODEL_H_
#define CLV_COMMON_DOMAIN_AVERAGE_MODEL_H_

#include <cstdint>

#include "absl/numeric/int128.h"

namespace clv::domain {

// Sums over the whole population before filters, at the instant of the prediction.
struct PopulationTotals {
  uint64_t customers = 0;
  uint64_t repeat_customers = 0;       // with x >= 1
  absl::int128 repeat_order_days = 0;  // sum of x
  absl::int128 tenure_days = 0;        // sum of T
  absl::int128 total_spend_micros = 0;
  absl::int128 purchase_count = 0;
};

struct AverageModel {
  double repeat_orders_per_day = 0;  // sum of x / sum of T; 0 when nobody has any tenure
  double mean_order_value = 0;  // sum of total_spend / sum of purchase_count; 0 without customers

  bool operator==(const AverageModel&) const = default;
};

// How a prediction is made.
struct PredictionTerms {
  uint32_t horizon_days = 365;
  double discount_rate = 0.10;  // annual, >= 0
  double margin = 1.0;

  bool operator==(const PredictionTerms&) const = default;
};

struct AveragePrediction {
  double expected_purchases = 0;
  double expected_order_value = 0;
  double predicted_clv = 0;
};

AverageModel FitAverage(const PopulationTotals& totals);

// Integral of e^(-delta t) over the horizon in days, delta = ln(1 + discount_rate) / 365.25 a day;
// the horizon itself at rate 0.
double DiscountedDays(uint32_t horizon_days, double discount_rate);

// predicted_clv = margin * mean order value * orders per day * DiscountedDays.
AveragePrediction PredictAverage(const AverageModel& model, const PredictionTerms& terms);

}  // namespace clv::domain

#endif  // CLV_COMMON_DOMAIN_AVERAGE_MODEL_H_
