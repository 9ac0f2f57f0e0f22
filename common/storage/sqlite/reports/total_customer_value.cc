#include <algorithm>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/domain/customer_prediction.h"
#include "common/domain/report_math.h"
#include "common/storage/sqlite/reports/customer_histories.h"
#include "common/storage/sqlite/reports/endpoints.h"

namespace clv::storage::reports {
namespace {

using domain::TotalCustomerValueRow;

// What is shown of each customer: their whole life, or the orders dated inside the window. `listed`
// are those with a qualifying order there.
constexpr char kLifeFigures[] = R"sql(
, figures AS (
  SELECT number, customer_id, country, customer_segment, acquisition_source, described, imported,
         signup_date, visible_rows, updated_at,
         first_purchase_date AS first, last_purchase_date AS last, total_spend_micros AS spend,
         refunded_micros AS refunded, purchase_count AS orders, purchase_count >= 1 AS listed
    FROM state
)
)sql";

constexpr char kWindowFigures[] = R"sql(
, windowed AS (
  SELECT number, SUM(qualifies) AS orders, SUM(value_micros) AS spend,
         SUM(refunded_micros) AS refunded, MIN(CASE WHEN qualifies THEN order_date END) AS first,
         MAX(CASE WHEN qualifies THEN order_date END) AS last
    FROM orders_at
   WHERE order_date BETWEEN :start AND :end
   GROUP BY number
),
figures AS (
  SELECT s.number, s.customer_id, s.country, s.customer_segment, s.acquisition_source, s.described,
         s.imported, s.signup_date, s.visible_rows, s.updated_at, w.first, w.last,
         COALESCE(w.spend, 0) AS spend, COALESCE(w.refunded, 0) AS refunded,
         COALESCE(w.orders, 0) AS orders, COALESCE(w.orders, 0) >= 1 AS listed
    FROM state s LEFT JOIN windowed w USING (number)
)
)sql";

constexpr char kSelect[] = R"sql(
, ranked AS (
  SELECT number, RANK() OVER (ORDER BY spend DESC) AS value_rank,
         RANK() OVER (ORDER BY spend) - 1 AS smaller, COUNT(*) OVER () AS listed_customers
    FROM figures
   WHERE listed
)
SELECT f.customer_id, c.name, c.email, f.country, f.customer_segment, f.acquisition_source,
       c.active, f.signup_date, f.first, f.last, f.spend, f.refunded, f.orders,
       r.value_rank, r.smaller, r.listed_customers,
       (SELECT sum128(spend) FROM figures WHERE listed),
       s.rfm_segment, f.updated_at
  FROM (SELECT * FROM figures WHERE $filters) f
  LEFT JOIN ranked r USING (number)
  LEFT JOIN scored s USING (number)
  LEFT JOIN customers c USING (customer_id)
 WHERE CASE WHEN :customer_ids IS NULL THEN f.listed
            ELSE f.customer_id IN (SELECT value FROM json_each(:customer_ids))
                 AND (f.described OR f.visible_rows > 0 OR f.imported) END
 ORDER BY
)sql";

// Rows of a customer's qualifying orders, in the window if there is one.
constexpr char kProducts[] = R"sql(
WITH own_rows AS (
  SELECT order_id, purchase_date, purchase_amount_micros, product_id, product_category
    FROM purchases
   WHERE customer_id = :customer_id AND currency = :currency AND purchase_date <= :as_of
),
own_orders AS (
  SELECT order_id
    FROM own_rows
   GROUP BY order_id
  HAVING MIN(purchase_date) BETWEEN :start AND :end
     AND NOT (SUM(purchase_amount_micros) < 0
              OR (MIN(purchase_amount_micros) < 0 AND SUM(purchase_amount_micros) <= 0))
),
kept AS (SELECT * FROM own_rows WHERE order_id IN (SELECT order_id FROM own_orders))
SELECT (SELECT COUNT(DISTINCT product_id) FROM kept),
       (SELECT product_category
          FROM kept
         WHERE product_category IS NOT NULL
         GROUP BY product_category
         ORDER BY SUM(purchase_amount_micros) DESC, product_category
         LIMIT 1)
)sql";

// Descending columns put nulls last by themselves: SQLite takes NULL for the smallest value. By
// predicted_clv SQL orders by the ids, among which equal predictions stay.
const char* OrderBy(CustomerSort sort) {
  switch (sort) {
    case CustomerSort::kTotalSpend:
      return "f.spend DESC, f.customer_id";
    case CustomerSort::kPurchaseCount:
      return "f.orders DESC, f.customer_id";
    case CustomerSort::kAvgOrderValue:
      return "quotient(f.spend, f.orders) DESC, f.customer_id";
    case CustomerSort::kRefundedAmount:
      return "f.refunded DESC, f.customer_id";
    case CustomerSort::kFirstPurchaseDate:
      return "f.first DESC, f.customer_id";
    case CustomerSort::kLastPurchaseDate:
      return "f.last DESC, f.customer_id";
    case CustomerSort::kPredictedClv:
    case CustomerSort::kCustomerId:
      return "f.customer_id";
  }
  return "f.customer_id";
}

// A window that ends before it starts gives an empty result, by id too.
bool IsInverted(const std::optional<TimeWindow>& window) {
  return window && window->start && window->end && *window->start > *window->end;
}

void ReadDescription(const ReportStatement& statement, TotalCustomerValueRow& row) {
  row.customer_id = statement.Text(0);
  row.name = statement.OptionalText(1);
  row.email = statement.OptionalText(2);
  row.country = statement.Text(3);
  row.customer_segment = statement.Text(4);
  row.acquisition_source = statement.Text(5);
  if (const auto active = statement.OptionalInt(6)) row.active = *active != 0;
  row.signup_date = statement.OptionalInt(7);
}

void ReadFigures(const ReportStatement& statement, int64_t as_of_seconds,
                 TotalCustomerValueRow& row) {
  row.first_purchase_date = statement.OptionalInt(8);
  row.last_purchase_date = statement.OptionalInt(9);
  row.total_spend_micros = statement.Int(10);
  row.refunded_amount_micros = statement.Int(11);
  row.purchase_count = statement.Count(12);
  row.avg_order_value = domain::MeanUnits(row.total_spend_micros, row.purchase_count);
  if (!row.first_purchase_date || !row.last_purchase_date) return;
  const int64_t lifespan_seconds =
      row.purchase_count >= 2 ? *row.last_purchase_date - *row.first_purchase_date : 0;
  row.days_since_last_purchase = domain::DaysOf(as_of_seconds - *row.last_purchase_date);
  row.lifespan_days = domain::DaysOf(lifespan_seconds);
  row.avg_days_between_purchases =
      domain::MeanDays(lifespan_seconds, absl::int128(row.purchase_count) - 1);
}

void ReadStanding(const ReportStatement& statement, TotalCustomerValueRow& row) {
  if (statement.OptionalInt(13)) {
    row.value_rank = statement.Count(13);
    row.value_percentile = domain::Quotient(statement.Int(14), statement.Int(15));
    row.share_of_revenue = domain::Quotient(row.total_spend_micros, statement.Sum(16));
  }
  row.rfm_segment = statement.OptionalText(17);
  row.updated_at = statement.OptionalInt(18);
}

using Scores = absl::flat_hash_map<std::string, domain::CustomerScore>;

// Default predictions of the population, or of those of the ids, whatever the window.
absl::StatusOr<Scores> ScoresOf(Snapshot& snapshot, const domain::CustomerScorer& scorer,
                                const std::vector<std::string>& customer_ids) {
  Scores scores;
  CLV_RETURN_IF_ERROR(
      ForEachCustomer(snapshot, customer_ids, /*whole=*/true, [&](const CustomerToScore& customer) {
        scores.emplace(customer.row.customer_id, scorer.Score(customer.history));
      }));
  return scores;
}

// Those with scores only: the others have no order.
void AddScores(const Scores& scores, std::vector<TotalCustomerValueRow>& rows) {
  for (TotalCustomerValueRow& row : rows) {
    const auto found = scores.find(row.customer_id);
    if (found == scores.end()) continue;
    row.p_alive = found->second.p_alive;
    row.predicted_clv = found->second.predicted_clv;
  }
}

std::vector<std::string> IdsOf(const std::vector<TotalCustomerValueRow>& rows) {
  std::vector<std::string> ids;
  for (const TotalCustomerValueRow& row : rows) ids.push_back(row.customer_id);
  return ids;
}

absl::Status AddProducts(Snapshot& snapshot, std::vector<TotalCustomerValueRow>& rows) {
  CLV_ASSIGN_OR_RETURN(ReportStatement products, snapshot.QueryFacts(kProducts));
  for (TotalCustomerValueRow& row : rows) {
    products.Bind(":customer_id", row.customer_id);
    CLV_RETURN_IF_ERROR(products.Next().status());
    row.distinct_products = products.Count(0);
    row.favorite_category = products.OptionalText(1);
    products.Reset();
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Report<TotalCustomerValueRow>> TotalCustomerValue(Snapshot& snapshot,
                                                                 const CustomerValueQuery& query) {
  Report<TotalCustomerValueRow> report;
  CLV_ASSIGN_OR_RETURN(const domain::ServedModel served,
                       ServedModelOf(snapshot, domain::ModelFamily::kAuto));
  report.context.model_version = served.model.version;
  if (IsInverted(query.scope.window)) return report;
  const domain::CustomerScorer scorer(served.model, {});
  const bool is_by_prediction = query.sort == CustomerSort::kPredictedClv;
  CLV_ASSIGN_OR_RETURN(
      ReportStatement statement,
      snapshot.Query(absl::StrCat(query.scope.window ? kWindowFigures : kLifeFigures, kSelect,
                                  OrderBy(query.sort))));
  statement.BindList(":customer_ids", query.customer_ids);
  while (true) {
    CLV_ASSIGN_OR_RETURN(const bool has_row, statement.Next());
    if (!has_row) break;
    if (!InRange(query.scope.range, report.total_rows++) && !is_by_prediction) continue;
    TotalCustomerValueRow row;
    ReadDescription(statement, row);
    ReadFigures(statement, snapshot.as_of_seconds(), row);
    ReadStanding(statement, row);
    report.rows.push_back(std::move(row));
  }
  if (!report.rows.empty()) {
    CLV_ASSIGN_OR_RETURN(const Scores scores, ScoresOf(snapshot, scorer,
                                                       is_by_prediction ? std::vector<std::string>()
                                                                        : IdsOf(report.rows)));
    AddScores(scores, report.rows);
  }
  if (is_by_prediction) {
    std::stable_sort(report.rows.begin(), report.rows.end(), [](const auto& a, const auto& b) {
      // Nulls last, after negative predictions too.
      return b.predicted_clv < a.predicted_clv;
    });
    CutToRange(query.scope.range, report);
  }
  CLV_RETURN_IF_ERROR(AddProducts(snapshot, report.rows));
  return report;
}

}  // namespace clv::storage::reports
