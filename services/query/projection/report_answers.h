// services/query/projection/report_answers.h: the reports that need nothing but a projection, one
// function each; see storage::Reports.
#ifndef CLV_SERVICES_QUERY_PROJECTION_REPORT_ANSWERS_H_
#define CLV_SERVICES_QUERY_PROJECTION_REPORT_ANSWERS_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "common/storage/reports.h"
#include "services/query/projection/report_view.h"

namespace clv::query {

// The context of each holds what the report itself says: warnings and model version.
absl::StatusOr<storage::Report<domain::CustomerRetentionRow>> CustomerRetention(
    const ReportView& view, const storage::RetentionQuery& query);
absl::StatusOr<storage::Report<domain::ClvBySegmentRow>> ClvBySegment(
    const ReportView& view, const storage::SegmentQuery& query);
absl::StatusOr<storage::Report<domain::ClvByAcquisitionSourceRow>> ClvByAcquisitionSource(
    const ReportView& view, const storage::SegmentQuery& query);
absl::StatusOr<storage::Report<domain::FrequencyBucketRow>> FrequencyByOrders(
    const ReportView& view, const storage::FrequencyQuery& query);
absl::StatusOr<storage::Report<domain::FrequencyBucketRow>> FrequencyByRecency(
    const ReportView& view, const storage::FrequencyQuery& query);
absl::StatusOr<storage::Report<domain::IntervalBucketRow>> FrequencyByInterval(
    const ReportView& view, const storage::FrequencyQuery& query);
absl::StatusOr<storage::Report<domain::OrderNumberRow>> FrequencyByOrderNumber(
    const ReportView& view, const storage::ReportScope& scope);
absl::StatusOr<storage::PredictionReport> ClvPrediction(const ReportView& view,
                                                        const storage::PredictionQuery& query);
absl::StatusOr<storage::Report<domain::RfmSegmentRow>> RfmSegments(
    const ReportView& view, const storage::SegmentationQuery& query);
absl::StatusOr<storage::Report<domain::RfmCellRow>> RfmMatrix(
    const ReportView& view, const storage::SegmentationQuery& query);

// A report of customers whose rows lack what a projection does not keep: names, e-mails.
template <typename Row>
struct CustomerReport {
  storage::Report<Row> report;
  std::vector<uint32_t> numbers;  // of the customers, by row
};
absl::StatusOr<CustomerReport<domain::RfmCustomerRow>> RfmCustomers(
    const ReportView& view, const storage::SegmentationQuery& query);
absl::StatusOr<CustomerReport<domain::TotalCustomerValueRow>> TotalCustomerValue(
    const ReportView& view, const storage::CustomerValueQuery& query);

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_REPORT_ANSWERS_H_
