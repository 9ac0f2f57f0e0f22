#include <algorithm>
#include <set>

#include "tests/model/instants.h"
#include "tests/model/reports.h"

namespace clv::model {
namespace {

// The three integers that the models know of a customer, in UTC calendar days.
struct History {
  int64_t x = 0;    // Repeat order days.
  int64_t t_x = 0;  // Last day - first day.
  int64_t T = 0;    // Day of as_of - first day.
};

History HistoryOf(const Customer& customer, int64_t as_of) {
  std::set<int64_t> order_days;
  for (const Order* order : customer.QualifyingOrders()) {
    const int64_t day = DayOf(order->date);
    if (customer.import == nullptr || day > DayOf(customer.import->updated_at)) {
      order_days.insert(day);
    }
  }
  const int64_t earlier = customer.import == nullptr ? 0 : customer.import->purchase_count;
  History history;
  history.x = earlier + static_cast<int64_t>(order_days.size()) - 1;
  history.t_x = DayOf(*customer.lifetime.last) - DayOf(*customer.lifetime.first);
  history.T = DayOf(as_of) - DayOf(*customer.lifetime.first);
  return history;
}

Cell RealOrNull(const std::optional<BigReal>& value) {
  return value.has_value() ? Cell::Real(value->convert_to<double>()) : Cell();
}

struct Query {
  std::set<std::string> customer_ids;
  int64_t horizon_days = 365;
  BigReal discount_rate;
  BigReal margin;
  BigReal min_p_alive;
};

Query ReadQuery(Parameters& parameters) {
  Query query;
  query.customer_ids = parameters.List("customer_id");
  query.horizon_days = parameters.Integer("horizon_days", 1, 3650).value_or(365);
  query.discount_rate =
      parameters.Real("discount_rate", "0.10", [](const BigReal& v) { return v >= 0 && v <= 10; });
  query.margin =
      parameters.Real("margin", "1.0", [](const BigReal& v) { return v >= 0 && v <= 1000; });
  query.min_p_alive =
      parameters.Real("min_p_alive", "0", [](const BigReal& v) { return v >= 0 && v <= 1; });
  // Whatever the interval, the model `average` has none to give; whatever the model, it answers.
  parameters.Real("interval", "0.8", [](const BigReal& v) { return v > 0 && v < 1; });
  parameters.Choice("model", {"auto", "bgnbd", "mbgnbd", "paretonbd", "nbd", "average"});
  return query;
}

std::vector<Cell> RowOf(const Customer& customer, int64_t as_of, const AverageModel& model,
                        const Query& query) {
  const History history = HistoryOf(customer, as_of);
  const std::optional<BigReal> predicted =
      model.DiscountedValue(query.horizon_days, query.discount_rate, query.margin);
  std::optional<BigReal> total;
  if (predicted.has_value()) {
    total = BigReal(customer.lifetime.total_spend) / kMicros + *predicted;
  }
  return {Cell::Text(customer.id),
          Cell::Text(customer.country),
          Cell::Text(customer.customer_segment),
          Cell::Text(customer.acquisition_source),
          InstantOrNull(customer.lifetime.first),
          InstantOrNull(customer.lifetime.last),
          Cell::Integer(customer.lifetime.purchase_count),
          Amount(customer.lifetime.total_spend),
          Cell::Integer(history.x),
          Cell::Integer(history.t_x),
          Cell::Integer(history.T),
          Cell(),  // p_alive
          RealOrNull(model.repeat_orders_per_day * query.horizon_days),
          RealOrNull(model.order_value),
          RealOrNull(predicted),
          Cell(),  // predicted_clv_low
          Cell(),  // predicted_clv_high
          RealOrNull(total),
          Cell(),  // churn_risk
          Cell(),  // next_purchase_date
          Cell::Text("low"),
          Cell::Text("average"),
          Cell::Integer(0)};
}

}  // namespace

std::optional<BigReal> AverageModel::DiscountedValue(int64_t horizon_days,
                                                     const BigReal& discount_rate,
                                                     const BigReal& margin) const {
  if (!order_value.has_value()) return std::nullopt;
  const BigReal delta = log(BigReal(1) + discount_rate) / BigReal("365.25");
  const BigReal integral =
      delta == 0 ? BigReal(horizon_days) : (BigReal(1) - exp(-delta * horizon_days)) / delta;
  return margin * *order_value * repeat_orders_per_day * integral;
}

AverageModel FitAverage(const std::vector<const Customer*>& everyone, int64_t as_of) {
  BigInt repeats, days;
  for (const Customer* customer : everyone) {
    const History history = HistoryOf(*customer, as_of);
    repeats += history.x;
    days += history.T;
  }
  AverageModel model;
  model.repeat_orders_per_day = days > 0 ? BigReal(repeats) / BigReal(days) : BigReal(0);
  const BigInt orders = PurchaseCount(everyone);
  if (orders > 0) {
    model.order_value = BigReal(TotalSpend(everyone)) / (BigReal(orders) * kMicros);
  }
  return model;
}

Answer ClvPrediction(const Ledger& ledger, Parameters& parameters) {
  const Filters filters = parameters.ReadFilters();
  const int64_t as_of = parameters.AsOf().value_or(DefaultScoringAsOf(ledger, parameters.now()));
  const Query query = ReadQuery(parameters);
  const Paging paging = parameters.ReadPaging();
  if (parameters.error().has_value()) return *parameters.error();

  const Scene scene(ledger, as_of, filters);
  Table table = TableFor(scene, {"customer_id",         "country",
                                 "customer_segment",    "acquisition_source",
                                 "first_purchase_date", "last_purchase_date",
                                 "purchase_count",      "total_spend",
                                 "frequency",           "recency_days",
                                 "tenure_days",         "p_alive",
                                 "expected_purchases",  "expected_order_value",
                                 "predicted_clv",       "predicted_clv_low",
                                 "predicted_clv_high",  "total_clv",
                                 "churn_risk",          "next_purchase_date",
                                 "confidence",          "model",
                                 "model_version"});
  const AverageModel model = FitAverage(scene.everyone, as_of);
  // Everyone has the same predicted_clv, so the order is that of the population: by id.
  for (const Customer* customer : scene.population) {
    const bool wanted = query.customer_ids.empty() || query.customer_ids.count(customer->id) > 0;
    const bool alive_enough = query.min_p_alive <= 0;  // p_alive is null.
    if (wanted && alive_enough) table.rows.push_back(RowOf(*customer, as_of, model, query));
  }
  Cut(table, paging, 50);
  return table;
}

}  // namespace clv::model
