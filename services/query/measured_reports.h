// services/query/measured_reports.h: counting reports and the time that they take.
#ifndef CLV_SERVICES_QUERY_MEASURED_REPORTS_H_
#define CLV_SERVICES_QUERY_MEASURED_REPORTS_H_

#include <memory>

#include "common/metrics/metrics.h"
#include "common/metrics/request_metrics.h"
#include "common/storage/reports.h"

namespace clv::query {

// Passes every question on and counts how it ended, under the report's name in URLs
// (`clv_by_segment`): so both faces, and the views of a report, count together. Thread-safe.
class MeasuredReports final : public storage::Reports {
 public:
  // `registry`: null (nothing is counted), or outlives this object.
  MeasuredReports(std::unique_ptr<storage::Reports> reports, metrics::Registry* registry);

  absl::StatusOr<storage::Report<domain::CustomerRetentionRow>> CustomerRetention(
      const storage::RetentionQuery& query) override;
  absl::StatusOr<storage::Report<domain::ClvBySegmentRow>> ClvBySegment(
      const storage::SegmentQuery& query) override;
  absl::StatusOr<storage::Report<domain::ClvByAcquisitionSourceRow>> ClvByAcquisitionSource(
      const storage::SegmentQuery& query) override;
  absl::StatusOr<storage::Report<domain::FrequencyBucketRow>> FrequencyByOrders(
      const storage::FrequencyQuery& query) override;
  absl::StatusOr<storage::Report<domain::FrequencyBucketRow>> FrequencyByRecency(
      const storage::FrequencyQuery& query) override;
  absl::StatusOr<storage::Report<domain::IntervalBucketRow>> FrequencyByInterval(
      const storage::FrequencyQuery& query) override;
  absl::StatusOr<storage::Report<domain::OrderNumberRow>> FrequencyByOrderNumber(
      const storage::ReportScope& scope) override;
  absl::StatusOr<storage::PredictionReport> ClvPrediction(
      const storage::PredictionQuery& query) override;
  absl::StatusOr<storage::Report<domain::RfmCustomerRow>> RfmCustomers(
      const storage::SegmentationQuery& query) override;
  absl::StatusOr<storage::Report<domain::RfmSegmentRow>> RfmSegments(
      const storage::SegmentationQuery& query) override;
  absl::StatusOr<storage::Report<domain::RfmCellRow>> RfmMatrix(
      const storage::SegmentationQuery& query) override;
  absl::StatusOr<storage::Report<domain::TotalCustomerValueRow>> TotalCustomerValue(
      const storage::CustomerValueQuery& query) override;

 private:
  const std::unique_ptr<storage::Reports> reports_;
  metrics::RequestMetrics customer_retention_;
  metrics::RequestMetrics clv_by_segment_;
  metrics::RequestMetrics clv_by_acquisition_source_;
  metrics::RequestMetrics purchase_frequency_analysis_;
  metrics::RequestMetrics clv_prediction_;
  metrics::RequestMetrics customer_segmentation_;
  metrics::RequestMetrics total_customer_value_;
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_MEASURED_REPORTS_H_
