// common/domain/customer_prediction.h: what a fitted model says about one customer, the same for
// every side that serves predictions.
//
// Of a customer it needs the first three, which CustomerSummary gives, and the last two, which a
// side that serves predictions keeps beside them (see CustomerHistory). Times are whole UTC
// calendar days, money is in currency units unless a name says micros. Everything here is a pure
// function of the model, the terms and the history: equal arguments give equal bits, on every side.
//
// Example:
//   const CustomerScorer scorer(model, {.horizon_days = 365}, /*interval=*/0.8);
//   const CustomerScore score = scorer.Score(history);        // every customer that is ordered by
//   it const PredictionDetails more = scorer.Details(history);   // the rows that are returned
#ifndef CLV_COMMON_DOMAIN_CUSTOMER_PREDICTION_H_
#define CLV_COMMON_DOMAIN_CUSTOMER_PREDICTION_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/domain/average_model.h"
#include "common/domain/gamma_gamma.h"
#include "common/domain/report_rows.h"

namespace clv::domain {

// One customer with at least one order, as of the day of a prediction; 0 <= t_x <= T.
struct CustomerHistory {
  uint32_t frequency = 0;     // x: CustomerSummary::repeat_order_days, cut at 10^9
  uint32_t recency_days = 0;  // t_x: day of the last order - day of the first
  uint32_t tenure_days = 0;   // T: day of the prediction - day of the first order

  // The repeat order days with a positive value: how many, and their values in sum. An order day is
  // a UTC day with a qualifying order, its value the sum of the values of the customer's qualifying
  // orders dated on it; the first order day is no repeat. With a visible imported record the order
  // days after the day of its updated_at are repeats, all of them, and the record itself stands for
  // purchase_count - 1 days more, of ImportedSpendMicros in sum, where that is positive.
  uint32_t spend_days = 0;
  int64_t spend_micros = 0;

  bool operator==(const CustomerHistory&) const = default;
};

// The share of an imported record's total that its repeat orders stand for: total_spend_micros *
// (purchase_count - 1) / purchase_count, cut to whole micros; 0 where the total is not positive.
int64_t ImportedSpendMicros(int64_t total_spend_micros, int64_t purchase_count);

// What a stored fit, or the average of the data, predicts with.
struct FittedModel {
  uint64_t version = 0;                        // 0: computed from the data at each request
  ModelFamily family = ModelFamily::kAverage;  // never kAuto
  // The family's parameters, unused ones 0, the unit of time is the day:
  //   nbd r, alpha; bgnbd and mbgnbd r, alpha, a, b; paretonbd r, alpha, s, beta
  std::array<double, 4> parameters = {};
  // Absent where too few customers have repeats with a value, or q <= 1 (no mean exists): every
  // order is then worth mean_order_value.
  std::optional<SpendParameters> spend;
  double mean_order_value = 0;  // mean value of all order days with a positive value, at the fit
  AverageModel average;         // of the family average, else not used
  uint64_t customers = 0;       // that the fit saw
  uint64_t repeat_customers = 0;
  int64_t data_horizon_seconds = 0;  // latest date that the fit saw

  bool operator==(const FittedModel&) const = default;
};

// The parameters with their names, in a fixed order: those of the family, then p, q, v where there
// is a spend model. Of the average: repeat_orders_per_day, mean_order_value.
std::vector<std::pair<std::string, double>> NamedParameters(const FittedModel& model);

// A model of the family average.
FittedModel AverageAsModel(const PopulationTotals& totals, int64_t data_horizon_seconds);

// The cheap part: under a microsecond once the tables of x exist. Never NaN or infinite.
struct CustomerScore {
  std::optional<double> p_alive;  // absent for the average
  double expected_purchases = 0;  // order days within the horizon
  double expected_order_value = 0;
  double predicted_clv = 0;  // margin * expected order value * discounted expected purchases

  bool operator==(const CustomerScore&) const = default;
};

// The dear part: about ten microseconds.
struct PredictionDetails {
  // Quantiles (1 - interval) / 2 and (1 + interval) / 2 of the predictive distribution of the
  // discounted value: the number of order days within the horizon and the values of them, given the
  // history, together (each order is discounted by the mean discount of the horizon's orders).
  // Absent for the average.
  std::optional<double> predicted_clv_low;
  std::optional<double> predicted_clv_high;
  // Probability of no order within the next kChurnDays days; absent for the average.
  std::optional<double> churn_risk;
  // Least whole number of days within which an order is at least as likely as not, >= 1; absent
  // when an order is less likely than not at any time, or within 36,525 days, and for the average.
  std::optional<uint32_t> next_purchase_days;
  // By the standard deviation of the predictive distribution of the discounted value, in terms of
  // predicted_clv or of one order of this customer, whichever is greater: up to 0.5 high, up to 1
  // medium, else low. Low for the average.
  Confidence confidence = Confidence::kLow;

  bool operator==(const PredictionDetails&) const = default;
};

inline constexpr uint32_t kChurnDays = 90;

// Scores customers with one model under one set of terms. Thread-safe; build it once for a request
// or keep it as long as the model and the terms stay, for it tabulates as it goes.
class CustomerScorer {
 public:
  // `interval` inside (0, 1). The model's parameters must be positive and finite.
  CustomerScorer(const FittedModel& model, const PredictionTerms& terms, double interval = 0.8);
  ~CustomerScorer();
  CustomerScorer(CustomerScorer&&) noexcept;
  CustomerScorer& operator=(CustomerScorer&&) noexcept;

  const FittedModel& model() const;

  CustomerScore Score(const CustomerHistory& history) const;
  PredictionDetails Details(const CustomerHistory& history) const;

 private:
  class Tables;
  std::unique_ptr<const Tables> tables_;
};

// Fills the columns of `row` from p_alive to model_version, `total_clv` from its
// total_spend_micros. `as_of_day` is the day of the prediction, in days since 1970-01-01. The calls
// cost one Score and one Details.
void FillPrediction(const CustomerScorer& scorer, const CustomerHistory& history, int64_t as_of_day,
                    ClvPredictionRow& row);

}  // namespace clv::domain

#endif  // CLV_COMMON_DOMAIN_CUSTOMER_PREDICTION_H_
