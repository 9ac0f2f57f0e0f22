// common/storage/sqlite/reports/endpoints.h: each report over a snapshot.
//
// The functions return rows in their order, `total_rows`, and of the context only the warnings and
// the model version; the caller adds the rest. Errors as in reports.h.
#ifndef CLV_COMMON_STORAGE_SQLITE_REPORTS_ENDPOINTS_H_
#define CLV_COMMON_STORAGE_SQLITE_REPORTS_ENDPOINTS_H_

#include "absl/status/statusor.h"
#include "common/storage/reports.h"
#include "common/storage/sqlite/reports/snapshot.h"

namespace clv::storage::reports {

absl::StatusOr<Report<domain::CustomerRetentionRow>> CustomerRetention(Snapshot& snapshot,
                                                                       const RetentionQuery& query);
absl::StatusOr<Report<domain::ClvBySegmentRow>> ClvBySegment(Snapshot& snapshot,
                                                             const SegmentQuery& query);
absl::StatusOr<Report<domain::ClvByAcquisitionSourceRow>> ClvByAcquisitionSource(
    Snapshot& snapshot, const SegmentQuery& query);
absl::StatusOr<Report<domain::FrequencyBucketRow>> FrequencyByOrders(Snapshot& snapshot,
                                                                     const FrequencyQuery& query);
absl::StatusOr<Report<domain::FrequencyBucketRow>> FrequencyByRecency(Snapshot& snapshot,
                                                                      const FrequencyQuery& query);
absl::StatusOr<Report<domain::IntervalBucketRow>> FrequencyByInterval(Snapshot& snapshot,
                                                                      const FrequencyQuery& query);
absl::StatusOr<Report<domain::OrderNumberRow>> FrequencyByOrderNumber(Snapshot& snapshot,
                                                                      const ReportScope& scope);
absl::StatusOr<PredictionReport> ClvPrediction(Snapshot& snapshot, const PredictionQuery& query);
absl::StatusOr<Report<domain::RfmCustomerRow>> RfmCustomers(Snapshot& snapshot,
                                                            const SegmentationQuery& query);
absl::StatusOr<Report<domain::RfmSegmentRow>> RfmSegments(Snapshot& snapshot,
                                                          const SegmentationQuery& query);
absl::StatusOr<Report<domain::RfmCellRow>> RfmMatrix(Snapshot& snapshot,
                                                     const SegmentationQuery& query);
absl::StatusOr<Report<domain::TotalCustomerValueRow>> TotalCustomerValue(
    Snapshot& snapshot, const CustomerValueQuery& query);

}  // namespace clv::storage::reports

#endif  // CLV_COMMON_STORAGE_SQLITE_REPORTS_ENDPOINTS_H_
