// clv_by_segment and clv_by_acquisition_source.
#include <iterator>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/instant.h"
#include "common/base/status_macros.h"
#include "common/domain/value_groups.h"
#include "common/storage/sqlite/reports/endpoints.h"

namespace clv::storage::reports {
namespace {

using domain::SourceGroup;
using domain::ValueGroup;

// Without a window everyone is selected and the window's figures are the totals.
constexpr char kSelectAll[] = R"sql(
, selected AS MATERIALIZED (
  SELECT p.*, purchase_count AS window_orders, total_spend_micros AS window_micros
    FROM population p
   WHERE $filters
)
)sql";

constexpr char kSelectByWindow[] = R"sql(
, windowed AS (
  SELECT number, SUM(qualifies) AS window_orders, SUM(value_micros) AS window_micros
    FROM orders_at
   WHERE order_date BETWEEN :start AND :end
   GROUP BY number
),
selected AS MATERIALIZED (
  SELECT p.*, w.window_orders, w.window_micros
    FROM windowed w CROSS JOIN population p USING (number)
   WHERE w.window_orders >= 1 AND $filters
)
)sql";

constexpr char kGroups[] = R"sql(
SELECT $group, sorted_integers(total_spend_micros), sum128(purchase_count),
       SUM(purchase_count >= 2), sum128(lifespan_seconds), MIN(first_purchase_date),
       MAX(last_purchase_date), sum128(window_micros), sum128(window_orders)
  FROM selected
 GROUP BY $group
)sql";

constexpr char kSignups[] = R"sql(
SELECT acquisition_source, COUNT(*), SUM(purchase_count >= 1)
  FROM state
 WHERE described
   AND CASE WHEN :has_window THEN signup_date BETWEEN :start AND :end AND signup_date <= :as_of
            ELSE signup_date IS NULL OR signup_date <= :as_of END
   AND $filters
 GROUP BY acquisition_source
)sql";

// The value of orders of any kind dated within some spans after the first order. Customers with an
// imported record are left out, for their early rows may be missing; all others have at least their
// first order to join.
constexpr char kEarlyValue[] = R"sql(
, early AS (
  SELECT acquisition_source, observed,
         SUM(CASE WHEN age <= :span0 THEN value_micros END) AS v0,
         SUM(CASE WHEN age <= :span1 THEN value_micros END) AS v1,
         SUM(CASE WHEN age <= :span2 THEN value_micros END) AS v2,
         SUM(CASE WHEN age <= :span3 THEN value_micros END) AS v3
    FROM (SELECT s.number, s.acquisition_source, :as_of - s.first_purchase_date AS observed,
                 o.order_date - s.first_purchase_date AS age, o.value_micros
            FROM orders_at o CROSS JOIN selected s USING (number)
           WHERE NOT s.imported AND o.order_date >= s.first_purchase_date)
   GROUP BY number
)
SELECT acquisition_source,
       SUM(observed >= :span0), sum128(CASE WHEN observed >= :span0 THEN v0 END),
       SUM(observed >= :span1), sum128(CASE WHEN observed >= :span1 THEN v1 END),
       SUM(observed >= :span2), sum128(CASE WHEN observed >= :span2 THEN v2 END),
       SUM(observed >= :span3), sum128(CASE WHEN observed >= :span3 THEN v3 END)
  FROM early
 GROUP BY acquisition_source
)sql";

constexpr const char* kSpans[] = {":span0", ":span1", ":span2", ":span3"};

std::string Selected(const SegmentQuery& query, const char* select) {
  return absl::StrCat(query.scope.window ? kSelectByWindow : kSelectAll, select);
}

absl::StatusOr<std::vector<ValueGroup>> ReadGroups(Snapshot& snapshot, const SegmentQuery& query,
                                                   const char* group_column) {
  CLV_ASSIGN_OR_RETURN(
      ReportStatement statement,
      snapshot.Query(absl::StrReplaceAll(Selected(query, kGroups), {{"$group", group_column}})));
  std::vector<ValueGroup> groups;
  while (true) {
    CLV_ASSIGN_OR_RETURN(const bool has_row, statement.Next());
    if (!has_row) return groups;
    groups.push_back({.name = statement.Text(0),
                      .spend = domain::SpendFiguresOf(statement.Integers(1)),
                      .orders = statement.Sum(2),
                      .repeat_customers = statement.Count(3),
                      .lifespan_seconds = statement.Sum(4),
                      .first_purchase_date = statement.OptionalInt(5),
                      .last_purchase_date = statement.OptionalInt(6),
                      .window_revenue_micros = statement.Sum(7),
                      .window_orders = statement.Sum(8)});
  }
}

using SourcesByName = std::map<std::string, SourceGroup>;

absl::Status AddSignups(Snapshot& snapshot, const SegmentQuery& query, SourcesByName& sources) {
  CLV_ASSIGN_OR_RETURN(ReportStatement statement, snapshot.Query(kSignups));
  statement.Bind(":has_window", int64_t{query.scope.window.has_value()});
  while (true) {
    CLV_ASSIGN_OR_RETURN(const bool has_row, statement.Next());
    if (!has_row) return absl::OkStatus();
    SourceGroup& source = sources[statement.Text(0)];
    source.value.name = statement.Text(0);
    source.signups = statement.Count(1);
    source.signups_with_orders = statement.Count(2);
  }
}

absl::Status AddEarlyValue(Snapshot& snapshot, const SegmentQuery& query, SourcesByName& sources) {
  static_assert(std::size(kSpans) == domain::kEarlyValueDays.size());
  CLV_ASSIGN_OR_RETURN(ReportStatement statement, snapshot.Query(Selected(query, kEarlyValue)));
  for (size_t i = 0; i < std::size(kSpans); ++i) {
    statement.Bind(kSpans[i], domain::kEarlyValueDays[i] * kSecondsPerDay);
  }
  while (true) {
    CLV_ASSIGN_OR_RETURN(const bool has_row, statement.Next());
    if (!has_row) return absl::OkStatus();
    SourceGroup& source = sources[statement.Text(0)];
    for (int i = 0; i < static_cast<int>(std::size(kSpans)); ++i) {
      source.early_customers[i] = statement.Count(1 + 2 * i);
      source.early_revenue_micros[i] = statement.Sum(2 + 2 * i);
    }
  }
}

}  // namespace

absl::StatusOr<Report<domain::ClvBySegmentRow>> ClvBySegment(Snapshot& snapshot,
                                                             const SegmentQuery& query) {
  CLV_ASSIGN_OR_RETURN(const auto groups, ReadGroups(snapshot, query, "customer_segment"));
  Report<domain::ClvBySegmentRow> report;
  report.rows = domain::MakeSegmentRows(groups);
  CutToRange(query.scope.range, report);
  return report;
}

absl::StatusOr<Report<domain::ClvByAcquisitionSourceRow>> ClvByAcquisitionSource(
    Snapshot& snapshot, const SegmentQuery& query) {
  CLV_ASSIGN_OR_RETURN(auto groups, ReadGroups(snapshot, query, "acquisition_source"));
  SourcesByName sources;
  for (ValueGroup& group : groups) {
    const std::string name = group.name;
    sources[name].value = std::move(group);
  }
  CLV_RETURN_IF_ERROR(AddSignups(snapshot, query, sources));
  CLV_RETURN_IF_ERROR(AddEarlyValue(snapshot, query, sources));
  std::vector<SourceGroup> all;
  for (auto& [name, source] : sources) all.push_back(std::move(source));
  Report<domain::ClvByAcquisitionSourceRow> report;
  report.rows = domain::MakeSourceRows(all);
  CutToRange(query.scope.range, report);
  return report;
}

}  // namespace clv::storage::reports
