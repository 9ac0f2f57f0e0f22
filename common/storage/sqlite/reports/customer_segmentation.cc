#include <string>

#include "common/base/status_macros.h"
#include "common/domain/report_math.h"
#include "common/domain/rfm.h"
#include "common/storage/sqlite/reports/endpoints.h"

namespace clv::storage::reports {
namespace {

using domain::RfmCellTotals;
using domain::RfmCustomerRow;

constexpr char kSegmentedCustomers[] = R"sql(
SELECT p.customer_id, c.name, p.country, p.customer_segment, p.acquisition_source,
       p.last_purchase_date, p.purchase_count, p.total_spend_micros, s.r_score, s.f_score,
       s.m_score, s.rfm_segment
  FROM (SELECT * FROM population WHERE $filters) p
  JOIN scored s USING (number)
  LEFT JOIN customers c USING (customer_id)
 WHERE :rfm_segments IS NULL OR s.rfm_segment IN (SELECT value FROM json_each(:rfm_segments))
 ORDER BY s.r_score + s.f_score + s.m_score DESC, p.total_spend_micros DESC, p.customer_id
)sql";

constexpr char kSegmentCells[] = R"sql(
SELECT s.r_score, fm_score(s.f_score, s.m_score) AS fm, COUNT(*), sum128(p.total_spend_micros),
       sum128(:as_of - p.last_purchase_date), sum128(p.purchase_count)
  FROM (SELECT * FROM population WHERE $filters) p JOIN scored s USING (number)
 WHERE :rfm_segments IS NULL OR s.rfm_segment IN (SELECT value FROM json_each(:rfm_segments))
 GROUP BY s.r_score, fm
)sql";

absl::StatusOr<ReportStatement> Query(Snapshot& snapshot, const SegmentationQuery& query,
                                      const char* sql) {
  CLV_ASSIGN_OR_RETURN(ReportStatement statement, snapshot.Query(sql));
  statement.BindList(":rfm_segments", query.rfm_segments);
  return statement;
}

RfmCustomerRow ReadCustomer(const ReportStatement& statement, int64_t as_of_seconds) {
  RfmCustomerRow row;
  row.customer_id = statement.Text(0);
  row.name = statement.OptionalText(1);
  row.country = statement.Text(2);
  row.customer_segment = statement.Text(3);
  row.acquisition_source = statement.Text(4);
  row.last_purchase_date = statement.Int(5);
  row.recency_days = domain::DaysOf(as_of_seconds - row.last_purchase_date);
  row.frequency = statement.Count(6);
  row.monetary_micros = statement.Int(7);
  row.avg_order_value = domain::MeanUnits(row.monetary_micros, row.frequency);
  row.r_score = statement.Count(8);
  row.f_score = statement.Count(9);
  row.m_score = statement.Count(10);
  row.rfm_score = domain::RfmDigits(static_cast<int>(row.r_score), static_cast<int>(row.f_score),
                                    static_cast<int>(row.m_score));
  row.rfm_segment = statement.Text(11);
  return row;
}

absl::StatusOr<std::vector<RfmCellTotals>> ReadCells(Snapshot& snapshot,
                                                     const SegmentationQuery& query) {
  CLV_ASSIGN_OR_RETURN(ReportStatement statement, Query(snapshot, query, kSegmentCells));
  std::vector<RfmCellTotals> cells;
  while (true) {
    CLV_ASSIGN_OR_RETURN(const bool has_row, statement.Next());
    if (!has_row) return cells;
    cells.push_back({.r_score = static_cast<int>(statement.Int(0)),
                     .fm_score = static_cast<int>(statement.Int(1)),
                     .customers = statement.Count(2),
                     .revenue_micros = statement.Sum(3),
                     .recency_seconds = statement.Sum(4),
                     .orders = statement.Sum(5)});
  }
}

}  // namespace

absl::StatusOr<Report<RfmCustomerRow>> RfmCustomers(Snapshot& snapshot,
                                                    const SegmentationQuery& query) {
  CLV_ASSIGN_OR_RETURN(ReportStatement statement, Query(snapshot, query, kSegmentedCustomers));
  Report<RfmCustomerRow> report;
  while (true) {
    CLV_ASSIGN_OR_RETURN(const bool has_row, statement.Next());
    if (!has_row) return report;
    if (InRange(query.scope.range, report.total_rows++)) {
      report.rows.push_back(ReadCustomer(statement, snapshot.as_of_seconds()));
    }
  }
}

absl::StatusOr<Report<domain::RfmSegmentRow>> RfmSegments(Snapshot& snapshot,
                                                          const SegmentationQuery& query) {
  CLV_ASSIGN_OR_RETURN(const auto cells, ReadCells(snapshot, query));
  Report<domain::RfmSegmentRow> report;
  report.rows = domain::MakeRfmSummary(cells);
  CutToRange(query.scope.range, report);
  return report;
}

absl::StatusOr<Report<domain::RfmCellRow>> RfmMatrix(Snapshot& snapshot,
                                                     const SegmentationQuery& query) {
  CLV_ASSIGN_OR_RETURN(const auto cells, ReadCells(snapshot, query));
  Report<domain::RfmCellRow> report;
  report.rows = domain::MakeRfmMatrix(cells);
  CutToRange(query.scope.range, report);
  return report;
}

}  // namespace clv::storage::reports
