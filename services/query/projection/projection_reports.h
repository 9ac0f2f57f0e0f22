// services/query/projection/projection_reports.h: the seven reports, answered from a projection.
#ifndef CLV_SERVICES_QUERY_PROJECTION_PROJECTION_REPORTS_H_
#define CLV_SERVICES_QUERY_PROJECTION_PROJECTION_REPORTS_H_

#include <memory>

#include "common/storage/projection_source.h"
#include "common/storage/reports.h"
#include "services/query/projection/answer_cache.h"
#include "services/query/projection/projection.h"
#include "services/query/projection/report_view.h"

namespace clv::query {

// Answers are kept as long as no new version comes. Names and e-mails, and products of windows and
// of the past, come from the store, for the rows that are shown.
class ProjectionReports final : public storage::Reports {
 public:
  // Both are kept.
  ProjectionReports(std::shared_ptr<Projection> projection,
                    std::unique_ptr<storage::CustomerDetailsReader> details);

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
  template <typename Row>
  using Cache = AnswerCache<storage::Report<Row>>;

  const std::shared_ptr<Projection> projection_;
  const std::shared_ptr<storage::CustomerDetailsReader> details_;
  Cache<domain::CustomerRetentionRow> retention_;
  Cache<domain::ClvBySegmentRow> segments_;
  Cache<domain::ClvByAcquisitionSourceRow> sources_;
  Cache<domain::FrequencyBucketRow> by_orders_;
  Cache<domain::FrequencyBucketRow> by_recency_;
  Cache<domain::IntervalBucketRow> by_interval_;
  Cache<domain::OrderNumberRow> by_order_number_;
  AnswerCache<storage::PredictionReport> predictions_;
  Cache<domain::RfmSegmentRow> rfm_segments_;
  Cache<domain::RfmCellRow> rfm_cells_;
  // Answers that show customers by name. The projection may outlive the reports.
  struct NamedAnswers {
    Cache<domain::RfmCustomerRow> rfm_customers;
    Cache<domain::TotalCustomerValueRow> total_values;
    Cache<domain::TotalCustomerValueRow> values_of_customers{2 << 20};
  };
  const std::shared_ptr<NamedAnswers> named_ = std::make_shared<NamedAnswers>();
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_PROJECTION_REPORTS_H_
