#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "common/base/instant.h"
#include "common/base/status_macros.h"
#include "common/domain/average_model.h"
#include "common/domain/report_math.h"
#include "common/storage/sqlite/reports/endpoints.h"

namespace clv::storage::reports {
namespace {

using domain::ClvPredictionRow;
using domain::ModelFamily;

constexpr uint64_t kLeastRepeatCustomers = 100;
constexpr int64_t kLeastHistoryDays = 90;

// Every customer's prediction is the same, so the key alone orders them.
constexpr char kCustomers[] = R"sql(
SELECT customer_id, country, customer_segment, acquisition_source, first_purchase_date,
       last_purchase_date, purchase_count, total_spend_micros, repeat_order_days
  FROM population
 WHERE (:customer_ids IS NULL OR customer_id IN (SELECT value FROM json_each(:customer_ids)))
   AND $filters
 ORDER BY customer_id
)sql";

std::string_view NameOf(ModelFamily family) {
  switch (family) {
    case ModelFamily::kAuto:
      return "auto";
    case ModelFamily::kBgNbd:
      return "bgnbd";
    case ModelFamily::kMbgNbd:
      return "mbgnbd";
    case ModelFamily::kParetoNbd:
      return "paretonbd";
    case ModelFamily::kNbd:
      return "nbd";
    case ModelFamily::kAverage:
      return "average";
  }
  return "";
}

// Why the average serves; empty when it was asked for.
std::string WarningFor(ModelFamily asked, const Snapshot::Population& population,
                       int64_t as_of_seconds) {
  constexpr char kServed[] = ": population average served";
  if (asked == ModelFamily::kAverage) return "";
  if (asked != ModelFamily::kAuto) {
    return absl::StrCat("model ", std::string(NameOf(asked)), " is not fitted", kServed);
  }
  const uint64_t repeat_customers = population.totals.repeat_customers;
  if (repeat_customers < kLeastRepeatCustomers) {
    return absl::StrCat("fewer than ", kLeastRepeatCustomers, " repeat customers (",
                        repeat_customers, ")", kServed);
  }
  const int64_t history_days = DayOf(as_of_seconds) - population.first_day;
  if (history_days < kLeastHistoryDays) {
    return absl::StrCat("less than ", kLeastHistoryDays, " days of history (", history_days, ")",
                        kServed);
  }
  return absl::StrCat("no model is fitted", kServed);
}

ClvPredictionRow ReadRow(const ReportStatement& statement, int64_t as_of_seconds,
                         const domain::AveragePrediction& prediction) {
  ClvPredictionRow row;
  row.customer_id = statement.Text(0);
  row.country = statement.Text(1);
  row.customer_segment = statement.Text(2);
  row.acquisition_source = statement.Text(3);
  row.first_purchase_date = statement.Int(4);
  row.last_purchase_date = statement.Int(5);
  row.purchase_count = statement.Count(6);
  row.total_spend_micros = statement.Int(7);
  row.frequency = statement.Count(8);
  const int64_t first_day = DayOf(row.first_purchase_date);
  row.recency_days = static_cast<uint64_t>(DayOf(row.last_purchase_date) - first_day);
  row.tenure_days = static_cast<uint64_t>(DayOf(as_of_seconds) - first_day);
  row.expected_purchases = prediction.expected_purchases;
  row.expected_order_value = prediction.expected_order_value;
  row.predicted_clv = prediction.predicted_clv;
  row.total_clv = domain::UnitsOf(row.total_spend_micros) + prediction.predicted_clv;
  row.confidence = domain::Confidence::kLow;
  row.model = ModelFamily::kAverage;
  return row;
}

}  // namespace

absl::StatusOr<PredictionReport> ClvPrediction(Snapshot& snapshot, const PredictionQuery& query) {
  CLV_ASSIGN_OR_RETURN(const Snapshot::Population population, snapshot.PopulationTotals());
  const domain::AverageModel model = domain::FitAverage(population.totals);
  const domain::AveragePrediction prediction =
      domain::PredictAverage(model, {.horizon_days = query.horizon_days,
                                     .discount_rate = query.discount_rate,
                                     .margin = query.margin});
  PredictionReport report;
  report.model = {
      .version = 0,
      .family = ModelFamily::kAverage,
      .parameters = {{"repeat_orders_per_day", model.repeat_orders_per_day},
                     {"mean_order_value", model.mean_order_value}},
      .customers = population.totals.customers,
      .repeat_customers = population.totals.repeat_customers,
      .data_horizon_seconds = snapshot.horizon_seconds().value_or(snapshot.as_of_seconds())};
  report.context.model_version = 0;
  if (std::string warning = WarningFor(query.model, population, snapshot.as_of_seconds());
      !warning.empty()) {
    report.context.warnings.push_back(std::move(warning));
  }
  // The average tells no p_alive, and a null one fails any bound above 0.
  if (query.min_p_alive > 0) return report;

  CLV_ASSIGN_OR_RETURN(ReportStatement statement, snapshot.Query(kCustomers));
  statement.BindList(":customer_ids", query.customer_ids);
  while (true) {
    CLV_ASSIGN_OR_RETURN(const bool has_row, statement.Next());
    if (!has_row) return report;
    if (InRange(query.scope.range, report.total_rows++)) {
      report.rows.push_back(ReadRow(statement, snapshot.as_of_seconds(), prediction));
    }
  }
}

}  // namespace clv::storage::reports
