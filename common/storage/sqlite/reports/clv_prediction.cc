#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "common/base/status_macros.h"
#include "common/domain/customer_prediction.h"
#include "common/storage/sqlite/reports/customer_histories.h"
#include "common/storage/sqlite/reports/endpoints.h"

namespace clv::storage::reports {
namespace {

ModelInfo InfoOf(const domain::FittedModel& model) {
  return {.version = model.version,
          .family = model.family,
          .parameters = domain::NamedParameters(model),
          .customers = model.customers,
          .repeat_customers = model.repeat_customers,
          .data_horizon_seconds = model.data_horizon_seconds};
}

// An absent p_alive fails any bound above 0.
bool IsAliveEnough(const domain::CustomerScore& score, double min_p_alive) {
  return min_p_alive <= 0 || score.p_alive.value_or(-1) >= min_p_alive;
}

}  // namespace

absl::StatusOr<PredictionReport> ClvPrediction(Snapshot& snapshot, const PredictionQuery& query) {
  CLV_ASSIGN_OR_RETURN(domain::ServedModel served, ServedModelOf(snapshot, query.model));
  PredictionReport report;
  report.model = InfoOf(served.model);
  report.context.model_version = served.model.version;
  report.context.warnings = std::move(served.warnings);

  const domain::CustomerScorer scorer(served.model,
                                      {.horizon_days = query.horizon_days,
                                       .discount_rate = query.discount_rate,
                                       .margin = query.margin},
                                      query.interval);
  std::vector<std::pair<double, CustomerToScore>> customers;
  CLV_RETURN_IF_ERROR(ForEachCustomer(
      snapshot, query.customer_ids, /*whole=*/false, [&](CustomerToScore& customer) {
        const domain::CustomerScore score = scorer.Score(customer.history);
        if (!IsAliveEnough(score, query.min_p_alive)) return;
        customers.emplace_back(score.predicted_clv, std::move(customer));
      }));
  // Equal ones stay in the order of ids.
  std::stable_sort(customers.begin(), customers.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  report.total_rows = customers.size();
  for (size_t i = query.scope.range.offset; i < customers.size(); ++i) {
    if (!InRange(query.scope.range, i)) break;
    auto& [clv, customer] = customers[i];
    domain::FillPrediction(scorer, customer.history, customer.day, customer.row);
    report.rows.push_back(std::move(customer.row));
  }
  return report;
}

}  // namespace clv::storage::reports
