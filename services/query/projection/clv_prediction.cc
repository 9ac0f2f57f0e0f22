#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/instant.h"
#include "common/base/status_macros.h"
#include "common/domain/average_model.h"
#include "common/domain/report_math.h"
#include "services/query/projection/best_customers.h"
#include "services/query/projection/report_answers.h"

namespace clv::query {
namespace {

using domain::ClvPredictionRow;
using domain::ModelFamily;

constexpr uint64_t kLeastRepeatCustomers = 100;
constexpr int64_t kLeastHistoryDays = 90;

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
std::string WarningFor(ModelFamily asked, const PopulationFigures& population,
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

ClvPredictionRow RowOf(const ReportView& view, const domain::AveragePrediction& prediction,
                       uint32_t number) {
  const StateColumns& state = view.states()[number / kChunkCustomers];
  const size_t i = number % kChunkCustomers;
  const domain::CustomerAttributes& attributes = view.version().AttributesOf(number);
  ClvPredictionRow row;
  row.customer_id = std::string(view.version().IdOf(number));
  row.country = attributes.country;
  row.customer_segment = attributes.customer_segment;
  row.acquisition_source = attributes.acquisition_source;
  row.first_purchase_date = state.first[i];
  row.last_purchase_date = state.last[i];
  row.purchase_count = static_cast<uint64_t>(state.purchase_count[i]);
  row.total_spend_micros = state.spend_micros[i];
  row.frequency = static_cast<uint64_t>(state.repeat_order_days[i]);
  const int64_t first_day = DayOf(row.first_purchase_date);
  row.recency_days = static_cast<uint64_t>(DayOf(row.last_purchase_date) - first_day);
  row.tenure_days = static_cast<uint64_t>(DayOf(view.as_of_seconds()) - first_day);
  row.expected_purchases = prediction.expected_purchases;
  row.expected_order_value = prediction.expected_order_value;
  row.predicted_clv = prediction.predicted_clv;
  row.total_clv = domain::UnitsOf(row.total_spend_micros) + prediction.predicted_clv;
  row.confidence = domain::Confidence::kLow;
  row.model = ModelFamily::kAverage;
  return row;
}

// Every customer's prediction is the same, so the key alone orders them.
using Best = BestCustomers<int>;

absl::StatusOr<Best> Choose(const ReportView& view, const storage::PredictionQuery& query) {
  const Best empty(view.version(), query.scope.range);
  if (query.customer_ids.empty()) {
    CLV_ASSIGN_OR_RETURN(
        std::vector<Best> parts,
        view.ScanPopulation(
            empty, [](const CustomerChunk& /*chunk*/, const StateColumns& /*state*/, size_t /*i*/,
                      uint32_t number, Best& part) { part.Add(0, number); }));
    for (size_t p = 1; p < parts.size(); ++p) parts[0] += parts[p];
    return std::move(parts[0]);
  }
  Best best = empty;
  std::vector<uint32_t> numbers;
  for (const std::string& id : query.customer_ids) {
    if (const auto number = view.version().Find(id)) numbers.push_back(*number);
  }
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  for (const uint32_t number : numbers) {
    const size_t i = number % kChunkCustomers;
    if (view.states()[number / kChunkCustomers].purchase_count[i] >= 1 &&
        view.Passes(view.version().ChunkOf(number), i)) {
      best.Add(0, number);
    }
  }
  return best;
}

}  // namespace

absl::StatusOr<storage::PredictionReport> ClvPrediction(const ReportView& view,
                                                        const storage::PredictionQuery& query) {
  CLV_ASSIGN_OR_RETURN(const PopulationFigures population, FiguresOfPopulation(view));
  const domain::AverageModel model = domain::FitAverage(population.totals);
  const domain::AveragePrediction prediction =
      domain::PredictAverage(model, {.horizon_days = query.horizon_days,
                                     .discount_rate = query.discount_rate,
                                     .margin = query.margin});
  storage::PredictionReport report;
  report.model = {
      .version = 0,
      .family = ModelFamily::kAverage,
      .parameters = {{"repeat_orders_per_day", model.repeat_orders_per_day},
                     {"mean_order_value", model.mean_order_value}},
      .customers = population.totals.customers,
      .repeat_customers = population.totals.repeat_customers,
      .data_horizon_seconds = view.version().horizon_seconds.value_or(view.as_of_seconds())};
  report.context.model_version = 0;
  if (std::string warning = WarningFor(query.model, population, view.as_of_seconds());
      !warning.empty()) {
    report.context.warnings.push_back(std::move(warning));
  }
  // The average tells no p_alive, and a null one fails any bound above 0.
  if (query.min_p_alive > 0) return report;
  CLV_ASSIGN_OR_RETURN(Best best, Choose(view, query));
  for (const uint32_t number : best.Take()) {
    report.rows.push_back(RowOf(view, prediction, number));
  }
  report.total_rows = best.count();
  return report;
}

}  // namespace clv::query
