#include "common/domain/customer_prediction.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "common/base/instant.h"
#include "common/base/money.h"
#include "common/domain/alive_tables.h"
#include "common/domain/bgnbd.h"
#include "common/domain/mbgnbd.h"
#include "common/domain/nbd.h"
#include "common/domain/pareto_nbd.h"
#include "common/domain/report_math.h"
#include "common/domain/value_quantiles.h"

namespace clv::domain {
namespace {

constexpr double kLongestDays = 36'525;

// The drop-out of a customer who is alive after x repeats, of the families of the BG/NBD.
struct DropOut {
  double a = 0;
  double c = 1;
};

DropOut DropOutOf(const FittedModel& model, double x) {
  switch (model.family) {
    case ModelFamily::kBgNbd:
      return {model.parameters[2], model.parameters[3] + x};
    case ModelFamily::kMbgNbd:
      return {model.parameters[2], model.parameters[3] + x + 1};
    default:
      return {};
  }
}

double AliveAt(const FittedModel& model, const CustomerHistory& history) {
  const auto& [first, second, third, fourth] = model.parameters;
  const double x = history.frequency;
  const double tenure = history.tenure_days;
  const double recency = std::min<double>(history.recency_days, tenure);
  switch (model.family) {
    case ModelFamily::kBgNbd:
      return BgNbdAlive({first, second, third, fourth}, x, recency, tenure);
    case ModelFamily::kMbgNbd:
      return MbgNbdAlive({first, second, third, fourth}, x, recency, tenure);
    case ModelFamily::kParetoNbd:
      return ParetoNbdAlive({first, second, third, fourth}, x, recency, tenure);
    default:
      return 1;
  }
}

double UnitsOfSpend(const CustomerHistory& history) {
  return static_cast<double>(history.spend_micros) / kMicrosPerUnit;
}

double OrderValueOf(const FittedModel& model, const CustomerHistory& history) {
  if (!model.spend) return model.mean_order_value;
  return ExpectedSpend(*model.spend, history.spend_days, UnitsOfSpend(history));
}

}  // namespace

int64_t ImportedSpendMicros(int64_t total_spend_micros, int64_t purchase_count) {
  if (total_spend_micros <= 0 || purchase_count <= 1) return 0;
  return static_cast<int64_t>(absl::int128(total_spend_micros) * (purchase_count - 1) /
                              purchase_count);
}

std::vector<std::pair<std::string, double>> NamedParameters(const FittedModel& model) {
  const auto& [first, second, third, fourth] = model.parameters;
  std::vector<std::pair<std::string, double>> named;
  switch (model.family) {
    case ModelFamily::kAuto:
    case ModelFamily::kAverage:
      return {{"repeat_orders_per_day", model.average.repeat_orders_per_day},
              {"mean_order_value", model.average.mean_order_value}};
    case ModelFamily::kNbd:
      named = {{"r", first}, {"alpha", second}};
      break;
    case ModelFamily::kBgNbd:
    case ModelFamily::kMbgNbd:
      named = {{"r", first}, {"alpha", second}, {"a", third}, {"b", fourth}};
      break;
    case ModelFamily::kParetoNbd:
      named = {{"r", first}, {"alpha", second}, {"s", third}, {"beta", fourth}};
      break;
  }
  if (model.spend) {
    named.emplace_back("p", model.spend->p);
    named.emplace_back("q", model.spend->q);
    named.emplace_back("v", model.spend->v);
  }
  return named;
}

FittedModel AverageAsModel(const PopulationTotals& totals, int64_t data_horizon_seconds) {
  const AverageModel average = FitAverage(totals);
  return {.family = ModelFamily::kAverage,
          .mean_order_value = average.mean_order_value,
          .average = average,
          .customers = totals.customers,
          .repeat_customers = totals.repeat_customers,
          .data_horizon_seconds = data_horizon_seconds};
}

// What stays the same for all customers.
class CustomerScorer::Tables {
 public:
  Tables(const FittedModel& model, const PredictionTerms& terms, double interval)
      : model_(model),
        terms_(terms),
        interval_(interval),
        delta_(std::log1p(terms.discount_rate) / 365.25),
        average_(PredictAverage(model.average, terms)),
        alive_({.horizon = static_cast<double>(terms.horizon_days),
                .delta = delta_,
                .r = model.parameters[0],
                .alpha = model.parameters[1],
                .a = DropOutOf(model, 0).a,
                .c_without_repeats = DropOutOf(model, 0).c,
                .c_grows = DropOutOf(model, 1).c > DropOutOf(model, 0).c}) {}

  const FittedModel& model() const { return model_; }
  bool is_average() const {
    return model_.family == ModelFamily::kAverage || model_.family == ModelFamily::kAuto;
  }

  CustomerScore Score(const CustomerHistory& history) const {
    if (is_average()) {
      return {.expected_purchases = average_.expected_purchases,
              .expected_order_value = average_.expected_order_value,
              .predicted_clv = average_.predicted_clv};
    }
    const double p_alive = AliveAt(model_, history);
    const AliveExpectation alive = IfAlive(history);
    const double order_value = OrderValueOf(model_, history);
    return {.p_alive = p_alive,
            .expected_purchases = p_alive * alive.purchases,
            .expected_order_value = order_value,
            .predicted_clv = terms_.margin * order_value * p_alive * alive.discounted};
  }

  PredictionDetails Details(const CustomerHistory& history) const {
    PredictionDetails details;
    if (is_average()) return details;
    const double p_alive = AliveAt(model_, history);
    AddOrderTimes(history, p_alive, details);
    AddInterval(history, p_alive, details);
    return details;
  }

 private:
  GammaDropOutFuture ParetoFuture(const CustomerHistory& history) const {
    const auto& [r, alpha, s, beta] = model_.parameters;
    return ParetoNbdFuture({r, alpha, s, beta}, history.frequency, history.tenure_days);
  }

  AliveExpectation IfAlive(const CustomerHistory& history) const {
    if (model_.family != ModelFamily::kParetoNbd) {
      return alive_.At(history.frequency, history.tenure_days);
    }
    const GammaDropOutFuture future = ParetoFuture(history);
    return {future.Expected(terms_.horizon_days), future.Discounted(delta_, terms_.horizon_days)};
  }

  void AddOrderTimes(const CustomerHistory& history, double p_alive,
                     PredictionDetails& details) const {
    // An order is as likely as not where, given alive, none has this probability.
    const double none_if_alive = 1 - 0.5 / p_alive;
    double days = std::numeric_limits<double>::infinity();
    double none = 0;
    if (model_.family == ModelFamily::kParetoNbd) {
      const GammaDropOutFuture future = ParetoFuture(history);
      none = future.NoPurchase(kChurnDays);
      if (none_if_alive > 0) days = future.TimeOfNoPurchase(none_if_alive);
    } else {
      const double shape = model_.parameters[0] + history.frequency;
      const double rate = model_.parameters[1] + history.tenure_days;
      none = std::exp(-shape * std::log1p(kChurnDays / rate));
      if (none_if_alive > 0) days = rate * std::expm1(-std::log(none_if_alive) / shape);
    }
    details.churn_risk = 1 - p_alive * (1 - none);
    if (days <= kLongestDays) {
      details.next_purchase_days = static_cast<uint32_t>(std::max(1.0, std::ceil(days)));
    }
  }

  CountDistribution CountsOf(const CustomerHistory& history, double p_alive) const {
    if (model_.family == ModelFamily::kParetoNbd) {
      return GivenAlive(p_alive, ParetoFuture(history).Counts(terms_.horizon_days));
    }
    const double shape = model_.parameters[0] + history.frequency;
    const double rate = model_.parameters[1] + history.tenure_days;
    const DropOut drop_out = DropOutOf(model_, history.frequency);
    return GivenAlive(
        p_alive, BetaGeometricCounts(shape, terms_.horizon_days / rate, drop_out.a, drop_out.c));
  }

  void AddInterval(const CustomerHistory& history, double p_alive,
                   PredictionDetails& details) const {
    const AliveExpectation alive = IfAlive(history);
    const double worth = alive.purchases > 0 ? terms_.margin * alive.discounted / alive.purchases
                                             : terms_.margin;  // of one currency unit of an order
    const double order_value = OrderValueOf(model_, history);
    const CountDistribution counts = CountsOf(history, p_alive);
    std::optional<SpendDistribution> spend;
    if (model_.spend) {
      spend.emplace(*model_.spend, history.spend_days, UnitsOfSpend(history));
    }
    const ValueDistribution values(counts, spend, order_value);
    details.predicted_clv_low = worth * values.Quantile((1 - interval_) / 2);
    details.predicted_clv_high = worth * values.Quantile((1 + interval_) / 2);
    const double one_order = order_value;
    const double expected = p_alive * alive.purchases * order_value;
    const double spread = values.StandardDeviation() / std::max(one_order, expected);
    details.confidence = spread <= 0.5 ? Confidence::kHigh
                         : spread <= 1 ? Confidence::kMedium
                                       : Confidence::kLow;
  }

  const FittedModel model_;
  const PredictionTerms terms_;
  const double interval_;
  const double delta_;
  const AveragePrediction average_;
  const AliveTables alive_;
};

CustomerScorer::CustomerScorer(const FittedModel& model, const PredictionTerms& terms,
                               double interval)
    : tables_(std::make_unique<const Tables>(model, terms, interval)) {}
CustomerScorer::~CustomerScorer() = default;
CustomerScorer::CustomerScorer(CustomerScorer&&) noexcept = default;
CustomerScorer& CustomerScorer::operator=(CustomerScorer&&) noexcept = default;

const FittedModel& CustomerScorer::model() const { return tables_->model(); }

CustomerScore CustomerScorer::Score(const CustomerHistory& history) const {
  return tables_->Score(history);
}

PredictionDetails CustomerScorer::Details(const CustomerHistory& history) const {
  return tables_->Details(history);
}

void FillPrediction(const CustomerScorer& scorer, const CustomerHistory& history, int64_t as_of_day,
                    ClvPredictionRow& row) {
  const CustomerScore score = scorer.Score(history);
  const PredictionDetails details = scorer.Details(history);
  row.p_alive = score.p_alive;
  row.expected_purchases = score.expected_purchases;
  row.expected_order_value = score.expected_order_value;
  row.predicted_clv = score.predicted_clv;
  row.predicted_clv_low = details.predicted_clv_low;
  row.predicted_clv_high = details.predicted_clv_high;
  row.total_clv = UnitsOf(row.total_spend_micros) + score.predicted_clv;
  row.churn_risk = details.churn_risk;
  row.next_purchase_date.reset();
  if (details.next_purchase_days) {
    row.next_purchase_date = (as_of_day + *details.next_purchase_days) * kSecondsPerDay;
  }
  row.confidence = details.confidence;
  row.model = scorer.model().family;
  row.model_version = scorer.model().version;
}

}  // namespace clv::domain
