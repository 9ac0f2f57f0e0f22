#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/domain/cohort_table.h"
#include "common/storage/retention_terms.h"
#include "common/storage/sqlite/reports/endpoints.h"

namespace clv::storage::reports {
namespace {

using domain::Cohort;

constexpr char kMembersByFirstPurchase[] = R"sql(
, members AS MATERIALIZED (
  SELECT number, period_number(:kind, first_purchase_date) AS cohort, last_purchase_date
    FROM population
   WHERE $filters
)sql";

constexpr char kMembersBySignup[] = R"sql(
, members AS MATERIALIZED (
  SELECT number, period_number(:kind, signup_date) AS cohort, last_purchase_date
    FROM state
   WHERE described AND signup_date <= :as_of AND $filters
)sql";

// CROSS JOIN keeps the many rows outside and looks up the few by an automatic index, here and
// below.
//
// The two dates of visible imported records.
constexpr char kImportedDates[] = R"sql(
), imported_dates AS (
  SELECT m.number, m.cohort, i.first_purchase_date AS instant
    FROM customer_clv_imports i
    JOIN numbered USING (customer_id) CROSS JOIN members m USING (number)
   WHERE i.last_purchase_date <= :as_of
  UNION ALL
  SELECT m.number, m.cohort, i.last_purchase_date
    FROM customer_clv_imports i
    JOIN numbered USING (customer_id) CROSS JOIN members m USING (number)
   WHERE i.last_purchase_date <= :as_of
)
)sql";

// The last activity in a period after the last one shown counts in all that are shown. Without
// activity in or after the cohort's period: no `last`.
constexpr char kSizes[] = R"sql(
SELECT cohort,
       MIN(:last_period, period_number(:kind, last_purchase_date) - cohort) AS last,
       COUNT(*)
  FROM members
 GROUP BY cohort, last
 ORDER BY cohort, last
)sql";

// Activity of imported records is neither an order nor revenue.
constexpr char kCells[] = R"sql(
, activity AS (
  SELECT m.number, m.cohort, period_number(:kind, o.order_date) - m.cohort AS period,
         o.qualifies, o.qualifies AS active, o.value_micros
    FROM orders_at o CROSS JOIN members m USING (number)
  UNION ALL
  SELECT number, cohort, period_number(:kind, instant) - cohort, 0, 1, 0 FROM imported_dates
),
customer_periods AS (
  SELECT cohort, period, MAX(active) AS active, SUM(qualifies) AS orders,
         SUM(value_micros) AS value_micros
    FROM activity
   WHERE period BETWEEN 0 AND :last_period
   GROUP BY number, period
)
SELECT cohort, period, SUM(active), SUM(orders), sum128(value_micros)
  FROM customer_periods
 GROUP BY cohort, period
 ORDER BY cohort, period
)sql";

// An imported date counts like one more order unless an order (or the record's other date) bears
// that very instant. A second order before the cohort's period counts from period 0 on.
constexpr char kSecondActivity[] = R"sql(
, instants AS (
  SELECT number, cohort, instant, MAX(SUM(is_order), 1) AS orders
    FROM (SELECT m.number, m.cohort, o.order_date AS instant, 1 AS is_order
            FROM orders_at o CROSS JOIN members m USING (number)
           WHERE o.qualifies
          UNION ALL
          SELECT number, cohort, instant, 0 FROM imported_dates)
   GROUP BY number, instant
),
running AS (
  SELECT number, cohort, instant,
         SUM(orders) OVER (PARTITION BY number ORDER BY instant) AS orders_so_far
    FROM instants
),
seconds AS (
  SELECT MAX(0, period_number(:kind, MIN(instant)) - cohort) AS period, cohort
    FROM running
   WHERE orders_so_far >= 2
   GROUP BY number
)
SELECT cohort, period, COUNT(*)
  FROM seconds
 WHERE period <= :last_period
 GROUP BY cohort, period
 ORDER BY cohort, period
)sql";

// Reads the cohorts of one query, statement by statement.
class CohortReader {
 public:
  CohortReader(Snapshot& snapshot, const RetentionQuery& query)
      : snapshot_(snapshot),
        query_(query),
        members_(absl::StrCat(
            query.cohort_by == CohortBasis::kSignup ? kMembersBySignup : kMembersByFirstPurchase,
            kImportedDates)) {}

  absl::StatusOr<std::map<int64_t, Cohort>> Read() {
    CLV_RETURN_IF_ERROR(ReadSizes());
    CLV_RETURN_IF_ERROR(ReadCells());
    if (query_.retention == RetentionMode::kCumulative) {
      CLV_RETURN_IF_ERROR(ReadSeconds());
    }
    return std::move(cohorts_);
  }

 private:
  absl::StatusOr<ReportStatement> Query(const char* sql) {
    CLV_ASSIGN_OR_RETURN(ReportStatement statement, snapshot_.Query(members_ + sql));
    statement.Bind(":kind", static_cast<int64_t>(KindOf(query_.granularity)));
    statement.Bind(":last_period", static_cast<int64_t>(query_.periods));
    return statement;
  }

  absl::Status ReadSizes() {
    CLV_ASSIGN_OR_RETURN(ReportStatement statement, Query(kSizes));
    while (true) {
      CLV_ASSIGN_OR_RETURN(const bool has_row, statement.Next());
      if (!has_row) return absl::OkStatus();
      Cohort& cohort = cohorts_[statement.Int(0)];
      cohort.number = statement.Int(0);
      cohort.size += statement.Count(2);
      const std::optional<int64_t> last = statement.OptionalInt(1);
      if (query_.retention == RetentionMode::kRolling && last && *last >= 0) {
        cohort.steps.push_back({.period = *last, .customers = statement.Count(2)});
      }
    }
  }

  absl::Status ReadCells() {
    CLV_ASSIGN_OR_RETURN(ReportStatement statement, Query(kCells));
    while (true) {
      CLV_ASSIGN_OR_RETURN(const bool has_row, statement.Next());
      if (!has_row) return absl::OkStatus();
      cohorts_[statement.Int(0)].cells.push_back({.period = statement.Int(1),
                                                  .active_customers = statement.Count(2),
                                                  .orders = statement.Count(3),
                                                  .revenue_micros = statement.Sum(4)});
    }
  }

  absl::Status ReadSeconds() {
    CLV_ASSIGN_OR_RETURN(ReportStatement statement, Query(kSecondActivity));
    while (true) {
      CLV_ASSIGN_OR_RETURN(const bool has_row, statement.Next());
      if (!has_row) return absl::OkStatus();
      cohorts_[statement.Int(0)].steps.push_back(
          {.period = statement.Int(1), .customers = statement.Count(2)});
    }
  }

  Snapshot& snapshot_;
  const RetentionQuery& query_;
  const std::string members_;
  std::map<int64_t, Cohort> cohorts_;
};

}  // namespace

absl::StatusOr<Report<domain::CustomerRetentionRow>> CustomerRetention(
    Snapshot& snapshot, const RetentionQuery& query) {
  CLV_ASSIGN_OR_RETURN(auto by_number, CohortReader(snapshot, query).Read());
  const domain::CalendarPeriod kind = KindOf(query.granularity);
  std::vector<Cohort> cohorts;
  for (auto& [number, cohort] : by_number) {
    if (BeginsInside(query.scope.window, domain::PeriodStart(kind, number))) {
      cohorts.push_back(std::move(cohort));
    }
  }
  Report<domain::CustomerRetentionRow> report;
  domain::MakeCohortTable(cohorts,
                          {.kind = kind,
                           .retained = ModeOf(query.retention),
                           .last_period = query.periods,
                           .as_of_seconds = snapshot.as_of_seconds()},
                          [&](const domain::CustomerRetentionRow& row) {
                            if (InRange(query.scope.range, report.total_rows++)) {
                              report.rows.push_back(row);
                            }
                          });
  return report;
}

}  // namespace clv::storage::reports
