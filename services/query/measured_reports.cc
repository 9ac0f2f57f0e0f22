#include "services/query/measured_reports.h"

#include <chrono>
#include <string>
#include <utility>

#include "common/metrics/catalogue.h"

namespace clv::query {
namespace {

using storage::Report;

constexpr metrics::RequestMetrics::Kind kReports{metrics::kQueryReports,
                                                 metrics::kQueryReportDuration};

template <typename Ask>
auto Measure(metrics::RequestMetrics& requests, const Ask& ask) {
  const auto began = std::chrono::steady_clock::now();
  auto report = ask();
  requests.Count(absl::StatusCodeToString(report.status().code()),
                 std::chrono::steady_clock::now() - began);
  return report;
}

}  // namespace

MeasuredReports::MeasuredReports(std::unique_ptr<storage::Reports> reports,
                                 metrics::Registry* registry)
    : reports_(std::move(reports)),
      customer_retention_(registry, kReports, {"customer_retention"}),
      clv_by_segment_(registry, kReports, {"clv_by_segment"}),
      clv_by_acquisition_source_(registry, kReports, {"clv_by_acquisition_source"}),
      purchase_frequency_analysis_(registry, kReports, {"purchase_frequency_analysis"}),
      clv_prediction_(registry, kReports, {"clv_prediction"}),
      customer_segmentation_(registry, kReports, {"customer_segmentation"}),
      total_customer_value_(registry, kReports, {"total_customer_value"}) {}

absl::StatusOr<Report<domain::CustomerRetentionRow>> MeasuredReports::CustomerRetention(
    const storage::RetentionQuery& query) {
  return Measure(customer_retention_, [&] { return reports_->CustomerRetention(query); });
}

absl::StatusOr<Report<domain::ClvBySegmentRow>> MeasuredReports::ClvBySegment(
    const storage::SegmentQuery& query) {
  return Measure(clv_by_segment_, [&] { return reports_->ClvBySegment(query); });
}

absl::StatusOr<Report<domain::ClvByAcquisitionSourceRow>> MeasuredReports::ClvByAcquisitionSource(
    const storage::SegmentQuery& query) {
  return Measure(clv_by_acquisition_source_,
                 [&] { return reports_->ClvByAcquisitionSource(query); });
}

absl::StatusOr<Report<domain::FrequencyBucketRow>> MeasuredReports::FrequencyByOrders(
    const storage::FrequencyQuery& query) {
  return Measure(purchase_frequency_analysis_, [&] { return reports_->FrequencyByOrders(query); });
}

absl::StatusOr<Report<domain::FrequencyBucketRow>> MeasuredReports::FrequencyByRecency(
    const storage::FrequencyQuery& query) {
  return Measure(purchase_frequency_analysis_, [&] { return reports_->FrequencyByRecency(query); });
}

absl::StatusOr<Report<domain::IntervalBucketRow>> MeasuredReports::FrequencyByInterval(
    const storage::FrequencyQuery& query) {
  return Measure(purchase_frequency_analysis_,
                 [&] { return reports_->FrequencyByInterval(query); });
}

absl::StatusOr<Report<domain::OrderNumberRow>> MeasuredReports::FrequencyByOrderNumber(
    const storage::ReportScope& scope) {
  return Measure(purchase_frequency_analysis_,
                 [&] { return reports_->FrequencyByOrderNumber(scope); });
}

absl::StatusOr<storage::PredictionReport> MeasuredReports::ClvPrediction(
    const storage::PredictionQuery& query) {
  return Measure(clv_prediction_, [&] { return reports_->ClvPrediction(query); });
}

absl::StatusOr<Report<domain::RfmCustomerRow>> MeasuredReports::RfmCustomers(
    const storage::SegmentationQuery& query) {
  return Measure(customer_segmentation_, [&] { return reports_->RfmCustomers(query); });
}

absl::StatusOr<Report<domain::RfmSegmentRow>> MeasuredReports::RfmSegments(
    const storage::SegmentationQuery& query) {
  return Measure(customer_segmentation_, [&] { return reports_->RfmSegments(query); });
}

absl::StatusOr<Report<domain::RfmCellRow>> MeasuredReports::RfmMatrix(
    const storage::SegmentationQuery& query) {
  return Measure(customer_segmentation_, [&] { return reports_->RfmMatrix(query); });
}

absl::StatusOr<Report<domain::TotalCustomerValueRow>> MeasuredReports::TotalCustomerValue(
    const storage::CustomerValueQuery& query) {
  return Measure(total_customer_value_, [&] { return reports_->TotalCustomerValue(query); });
}

}  // namespace clv::query
