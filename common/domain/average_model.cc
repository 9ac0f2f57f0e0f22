#include "common/domain/average_model.h"

#include <cmath>

#include "common/domain/report_math.h"

namespace clv::domain {

AverageModel FitAverage(const PopulationTotals& totals) {
  return {
      .repeat_orders_per_day = Quotient(totals.repeat_order_days, totals.tenure_days).value_or(0),
      .mean_order_value = MeanUnits(totals.total_spend_micros, totals.purchase_count).value_or(0)};
}

double DiscountedDays(uint32_t horizon_days, double discount_rate) {
  const double delta = std::log1p(discount_rate) / 365.25;
  if (delta == 0) return horizon_days;
  return -std::expm1(-delta * horizon_days) / delta;
}

AveragePrediction PredictAverage(const AverageModel& model, const PredictionTerms& terms) {
  return {.expected_purchases = model.repeat_orders_per_day * terms.horizon_days,
          .expected_order_value = model.mean_order_value,
          .predicted_clv = terms.margin * model.mean_order_value * model.repeat_orders_per_day *
                           DiscountedDays(terms.horizon_days, terms.discount_rate)};
}

}  // namespace clv::domain
