#include <algorithm>
#include <limits>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/status_macros.h"
#include "common/domain/frequency_buckets.h"
#include "common/domain/report_math.h"
#include "common/storage/sqlite/reports/endpoints.h"
#include "common/storage/sqlite/reports/sql_functions.h"

namespace clv::storage::reports {
namespace {

using domain::CustomerBucket;
using domain::GapBucket;
using domain::OrderNumberRow;

// Rows of the view order_number when no limit is asked: an imported record may claim any number of
// orders.
constexpr uint64_t kMostOrderNumbers = 100'000;

constexpr char kCustomerBuckets[] = R"sql(
SELECT bucket_of(:bounds, $measure) AS bucket, sorted_integers(total_spend_micros),
       sorted_integers(:as_of - last_purchase_date),
       sorted_reals(CASE WHEN purchase_count >= 2
                         THEN CAST(lifespan_seconds AS REAL) / (purchase_count - 1) END),
       sum128(purchase_count), sum128(lifespan_seconds)
  FROM population
 WHERE $filters
 GROUP BY bucket
HAVING bucket IS NOT NULL
)sql";

// Imported customers are left out: their gaps are not known.
constexpr char kGaps[] = R"sql(
, members AS (
  SELECT number FROM population WHERE NOT imported AND $filters
),
gaps AS (
  SELECT number, order_number, value_micros, order_date - previous_date AS gap_seconds
    FROM (SELECT number, value_micros, order_date,
                 LAG(order_date) OVER by_date AS previous_date,
                 ROW_NUMBER() OVER by_date AS order_number
            FROM orders_at
           WHERE qualifies
          WINDOW by_date AS (PARTITION BY number ORDER BY order_date, order_id))
   WHERE order_number >= 2 AND number IN (SELECT number FROM members)
)
)sql";

constexpr char kGapBuckets[] = R"sql(
SELECT bucket_of(:bounds, gap_seconds / 86400) AS bucket, COUNT(DISTINCT number),
       sum128(value_micros), sorted_integers(gap_seconds)
  FROM gaps
 GROUP BY bucket
HAVING bucket IS NOT NULL
)sql";

constexpr char kGapsByNumber[] = R"sql(
SELECT order_number - 1, sorted_integers(gap_seconds)
  FROM gaps
 WHERE order_number - 1 BETWEEN :first AND :last
 GROUP BY order_number
)sql";

constexpr char kCustomersByCount[] = R"sql(
SELECT purchase_count, COUNT(*)
  FROM population
 WHERE $filters
 GROUP BY purchase_count
 ORDER BY purchase_count
)sql";

absl::StatusOr<Report<domain::FrequencyBucketRow>> CustomersByBucket(Snapshot& snapshot,
                                                                     const FrequencyQuery& query,
                                                                     const char* measure) {
  CLV_ASSIGN_OR_RETURN(ReportStatement statement, snapshot.Query(absl::StrReplaceAll(
                                                      kCustomerBuckets, {{"$measure", measure}})));
  statement.BindBlob(":bounds", BucketBounds(query.buckets));
  std::vector<CustomerBucket> buckets;
  while (true) {
    CLV_ASSIGN_OR_RETURN(const bool has_row, statement.Next());
    if (!has_row) break;
    buckets.push_back(domain::CustomerBucketOf(statement.Count(0), statement.Integers(1),
                                               statement.Integers(2), statement.Reals(3)));
    buckets.back().orders = statement.Sum(4);
    buckets.back().lifespan_seconds = statement.Sum(5);
  }
  Report<domain::FrequencyBucketRow> report;
  report.rows = domain::MakeFrequencyRows(query.buckets, buckets);
  CutToRange(query.scope.range, report);
  return report;
}

// Customers with exactly n orders, by n.
absl::StatusOr<std::map<uint64_t, uint64_t>> CustomersByCount(Snapshot& snapshot) {
  CLV_ASSIGN_OR_RETURN(ReportStatement statement, snapshot.Query(kCustomersByCount));
  std::map<uint64_t, uint64_t> customers;
  while (true) {
    CLV_ASSIGN_OR_RETURN(const bool has_row, statement.Next());
    if (!has_row) return customers;
    customers[statement.Count(0)] = statement.Count(1);
  }
}

// Order numbers that are shown: first .. last.
struct NumberRange {
  uint64_t first = 1;
  uint64_t last = 0;
};

NumberRange ShownNumbers(const RowRange& range, uint64_t greatest) {
  if (range.offset >= greatest) return {};
  const uint64_t rows = std::min(range.limit.value_or(kMostOrderNumbers), greatest - range.offset);
  return {.first = range.offset + 1, .last = range.offset + rows};
}

absl::StatusOr<std::map<uint64_t, double>> MedianDaysToNext(Snapshot& snapshot, NumberRange shown) {
  CLV_ASSIGN_OR_RETURN(ReportStatement statement,
                       snapshot.Query(absl::StrCat(kGaps, kGapsByNumber)));
  statement.Bind(":first", static_cast<int64_t>(shown.first));
  statement.Bind(":last", static_cast<int64_t>(shown.last));
  std::map<uint64_t, double> medians;
  while (true) {
    CLV_ASSIGN_OR_RETURN(const bool has_row, statement.Next());
    if (!has_row) return medians;
    if (const auto median = domain::Percentile(statement.Integers(1), 50)) {
      medians[statement.Count(0)] = domain::DaysOf(*median);
    }
  }
}

}  // namespace

absl::StatusOr<Report<domain::FrequencyBucketRow>> FrequencyByOrders(Snapshot& snapshot,
                                                                     const FrequencyQuery& query) {
  return CustomersByBucket(snapshot, query, "purchase_count");
}

absl::StatusOr<Report<domain::FrequencyBucketRow>> FrequencyByRecency(Snapshot& snapshot,
                                                                      const FrequencyQuery& query) {
  return CustomersByBucket(snapshot, query, "(:as_of - last_purchase_date) / 86400");
}

absl::StatusOr<Report<domain::IntervalBucketRow>> FrequencyByInterval(Snapshot& snapshot,
                                                                      const FrequencyQuery& query) {
  CLV_ASSIGN_OR_RETURN(ReportStatement statement, snapshot.Query(absl::StrCat(kGaps, kGapBuckets)));
  statement.BindBlob(":bounds", BucketBounds(query.buckets));
  std::vector<GapBucket> buckets;
  while (true) {
    CLV_ASSIGN_OR_RETURN(const bool has_row, statement.Next());
    if (!has_row) break;
    const std::vector<int64_t> gap_seconds = statement.Integers(3);
    buckets.push_back({.bucket = statement.Count(0),
                       .customers = statement.Count(1),
                       .revenue_micros = statement.Sum(2),
                       .gaps = gap_seconds.size(),
                       .gap_seconds = domain::SumOf(gap_seconds),
                       .median_gap_seconds = domain::Percentile(gap_seconds, 50).value_or(0)});
  }
  Report<domain::IntervalBucketRow> report;
  report.rows = domain::MakeIntervalRows(query.buckets, buckets);
  CutToRange(query.scope.range, report);
  return report;
}

absl::StatusOr<Report<OrderNumberRow>> FrequencyByOrderNumber(Snapshot& snapshot,
                                                              const ReportScope& scope) {
  CLV_ASSIGN_OR_RETURN(const auto customers, CustomersByCount(snapshot));
  Report<OrderNumberRow> report;
  if (customers.empty()) return report;
  report.total_rows = customers.rbegin()->first;
  const NumberRange shown = ShownNumbers(scope.range, report.total_rows);
  if (shown.first > shown.last) return report;
  CLV_ASSIGN_OR_RETURN(const auto medians, MedianDaysToNext(snapshot, shown));
  // Walks the distinct counts along with n; `reached` are the customers with at least n orders.
  auto next_count = customers.lower_bound(shown.first);
  uint64_t reached = 0;
  for (auto it = next_count; it != customers.end(); ++it) reached += it->second;
  for (uint64_t n = shown.first; n <= shown.last; ++n) {
    const uint64_t stopped =
        next_count != customers.end() && next_count->first == n ? next_count++->second : 0;
    OrderNumberRow row;
    row.order_number = n;
    row.customers_reached = reached;
    row.next_order_rate = domain::Quotient(reached - stopped, reached);
    if (const auto median = medians.find(n); median != medians.end()) {
      row.median_days_to_next = median->second;
    }
    report.rows.push_back(row);
    reached -= stopped;
  }
  return report;
}

}  // namespace clv::storage::reports
