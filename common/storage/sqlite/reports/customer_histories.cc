#include "common/storage/sqlite/reports/customer_histories.h"

#include <algorithm>
#include <optional>

#include "common/base/instant.h"
#include "common/base/status_macros.h"

namespace clv::storage::reports {
namespace {

// The qualifying orders of all customers, or of those of the ids, who alone are then looked at.
constexpr char kOrdersOfAll[] = R"sql(
, own_orders AS (SELECT customer_id, order_date, value_micros FROM orders_at WHERE qualifies),
)sql";
constexpr char kOrdersOfIds[] = R"sql(
, own_orders AS (
  SELECT p.customer_id, MIN(p.purchase_date) AS order_date,
         SUM(p.purchase_amount_micros) AS value_micros
    FROM json_each(:customer_ids) w CROSS JOIN purchases p ON p.customer_id = w.value
   WHERE p.currency = :currency AND p.purchase_date <= :as_of
   GROUP BY p.customer_id, p.order_id
  HAVING NOT (SUM(p.purchase_amount_micros) < 0
              OR (MIN(p.purchase_amount_micros) < 0 AND SUM(p.purchase_amount_micros) <= 0))
),
)sql";

// Values of repeat order days: those after the first, or after the imported record.
constexpr char kHistories[] = R"sql(
day_values AS (
  SELECT customer_id, order_date / 86400 AS day, SUM(value_micros) AS value_micros
    FROM own_orders
   GROUP BY customer_id, day
),
first_days AS (SELECT customer_id, MIN(day) AS first_day FROM day_values GROUP BY customer_id),
spending AS (
  SELECT d.customer_id, SUM(d.value_micros > 0) AS spend_days,
         SUM(MAX(d.value_micros, 0)) AS spend_micros
    FROM day_values d
    JOIN first_days f USING (customer_id)
    JOIN population p USING (customer_id)
    LEFT JOIN customer_clv_imports i ON p.imported AND i.customer_id = p.customer_id
   WHERE d.day > CASE WHEN p.imported THEN i.updated_at / 86400 ELSE f.first_day END
   GROUP BY d.customer_id
)
SELECT p.customer_id, p.country, p.customer_segment, p.acquisition_source, p.first_purchase_date,
       p.last_purchase_date, p.purchase_count, p.total_spend_micros, p.repeat_order_days,
       COALESCE(s.spend_days, 0), COALESCE(s.spend_micros, 0), k.last_activity_date,
       i.total_spend_micros, i.purchase_count
  FROM population p
  JOIN customer_clv k ON k.customer_id = p.customer_id
  LEFT JOIN spending s USING (customer_id)
  LEFT JOIN customer_clv_imports i ON p.imported AND i.customer_id = p.customer_id
 WHERE (:customer_ids IS NULL
        OR p.customer_id IN (SELECT value FROM json_each(:customer_ids)))
   AND
)sql";

constexpr char kFiltered[] = R"sql(
       p.number IN (SELECT number FROM population WHERE $filters)
 ORDER BY p.customer_id
)sql";
constexpr char kWhole[] = " TRUE ORDER BY p.customer_id";

constexpr uint64_t kMostRepeats = 1'000'000'000;

CustomerToScore ReadCustomer(const ReportStatement& statement, const Snapshot& snapshot) {
  CustomerToScore customer;
  domain::ClvPredictionRow& row = customer.row;
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
  customer.day = snapshot.ScoringDayOf(statement.Int(11));
  row.recency_days = static_cast<uint64_t>(DayOf(row.last_purchase_date) - first_day);
  row.tenure_days = static_cast<uint64_t>(customer.day - first_day);

  uint64_t spend_days = statement.Count(9);
  int64_t spend_micros = statement.Int(10);
  if (const std::optional<int64_t> imported_count = statement.OptionalInt(13)) {
    const int64_t imported = domain::ImportedSpendMicros(statement.Int(12), *imported_count);
    if (imported > 0) spend_days += static_cast<uint64_t>(*imported_count - 1);
    spend_micros += imported;
  }
  customer.history = {.frequency = static_cast<uint32_t>(std::min(row.frequency, kMostRepeats)),
                      .recency_days = static_cast<uint32_t>(row.recency_days),
                      .tenure_days = static_cast<uint32_t>(row.tenure_days),
                      .spend_days = static_cast<uint32_t>(std::min(spend_days, kMostRepeats)),
                      .spend_micros = spend_micros};
  return customer;
}

}  // namespace

absl::StatusOr<domain::ServedModel> ServedModelOf(Snapshot& snapshot, domain::ModelFamily asked) {
  CLV_ASSIGN_OR_RETURN(const std::optional<ServingState> serving, snapshot.Serving());
  CLV_ASSIGN_OR_RETURN(const Snapshot::Population population, snapshot.PopulationTotals());
  const int64_t as_of = snapshot.scoring_as_of_seconds();
  return domain::ServeModel(serving ? &serving->fit : nullptr, asked, population.totals,
                            population.first_day, DayOf(as_of),
                            snapshot.horizon_seconds().value_or(as_of));
}

absl::Status ForEachCustomer(Snapshot& snapshot, const std::vector<std::string>& customer_ids,
                             bool whole, VisitCustomer visit) {
  std::vector<std::string> ids = customer_ids;
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  CLV_ASSIGN_OR_RETURN(ReportStatement statement,
                       snapshot.Query(std::string(ids.empty() ? kOrdersOfAll : kOrdersOfIds) +
                                      kHistories + (whole ? kWhole : kFiltered)));
  statement.BindList(":customer_ids", ids);
  while (true) {
    CLV_ASSIGN_OR_RETURN(const bool has_row, statement.Next());
    if (!has_row) return absl::OkStatus();
    CustomerToScore customer = ReadCustomer(statement, snapshot);
    visit(customer);
  }
}

}  // namespace clv::storage::reports
