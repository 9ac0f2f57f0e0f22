// services/query/row_conversion.h: rows of reports and of the quarantine as messages.
//
// The messages are elements of a response and come empty. Absent values are not set.
#ifndef CLV_SERVICES_QUERY_ROW_CONVERSION_H_
#define CLV_SERVICES_QUERY_ROW_CONVERSION_H_

#include "clv/v1/query_service.pb.h"
#include "common/domain/report_rows.h"
#include "common/storage/reports.h"
#include "common/storage/storage.h"

namespace clv::query {

void CopyRow(const domain::CustomerRetentionRow& from, v1::CustomerRetentionRow* to);
void CopyRow(const domain::ClvBySegmentRow& from, v1::ClvBySegmentRow* to);
void CopyRow(const domain::ClvByAcquisitionSourceRow& from, v1::ClvByAcquisitionSourceRow* to);
void CopyRow(const domain::FrequencyBucketRow& from, v1::FrequencyBucketRow* to);
void CopyRow(const domain::IntervalBucketRow& from, v1::IntervalBucketRow* to);
void CopyRow(const domain::OrderNumberRow& from, v1::OrderNumberRow* to);
void CopyRow(const domain::ClvPredictionRow& from, v1::ClvPredictionRow* to);
void CopyRow(const domain::RfmCustomerRow& from, v1::RfmCustomerRow* to);
void CopyRow(const domain::RfmSegmentRow& from, v1::RfmSegmentRow* to);
void CopyRow(const domain::RfmCellRow& from, v1::RfmCellRow* to);
void CopyRow(const domain::TotalCustomerValueRow& from, v1::TotalCustomerValueRow* to);

// Raw texts that are not UTF-8 are mended: a message cannot hold them.
void CopyRow(const storage::QuarantinedRow& from, v1::QuarantinedRow* to);

void CopyContext(const storage::ReportContext& from, v1::ReportContext* to);
void CopyModel(const storage::ModelInfo& from, v1::ClvModel* to);

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_ROW_CONVERSION_H_
