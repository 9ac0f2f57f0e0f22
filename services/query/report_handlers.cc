#include "services/query/report_handlers.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/domain/data_sources.h"
#include "common/rpc/fixed_params.h"
#include "services/query/email_mask.h"
#include "services/query/row_conversion.h"

namespace clv::query {
namespace {

constexpr uint32_t kDefaultQuarantineLimit = 100;

template <typename Request>
absl::StatusOr<Request> WithFixedParams(const ReportCall& call, Request request) {
  CLV_RETURN_IF_ERROR(rpc::ApplyFixedParams(call.caller, &request));
  return request;
}

}  // namespace

ReportHandlers::ReportHandlers(storage::Reports& reports, storage::QuarantineReader& quarantine,
                               const Clock& clock, storage::ModelReader* models)
    : reports_(reports), quarantine_(quarantine), clock_(clock), models_(models) {}

RequestTime ReportHandlers::TimeOf(const ReportCall& call) const {
  return {clock_.NowSeconds(), call.deadline};
}

void ReportHandlers::Count(const absl::Status& status) {
  if (status.ok()) {
    ++answered_;
  } else {
    ++failed_;
  }
}

template <typename Response, typename Report, typename RowMessage>
absl::StatusOr<Response> ReportHandlers::Answer(
    const absl::StatusOr<Report>& report, const storage::RowRange& range,
    google::protobuf::RepeatedPtrField<RowMessage>* (Response::*rows)()) {
  Count(report.status());
  CLV_RETURN_IF_ERROR(report.status());
  Response response;
  CopyContext(report->context, response.mutable_context());
  if (range.limit) response.set_rows_before_limit_at_least(report->total_rows);
  auto* messages = (response.*rows)();
  messages->Reserve(static_cast<int>(report->rows.size()));
  for (const auto& row : report->rows) CopyRow(row, messages->Add());
  return response;
}

absl::StatusOr<v1::GetCustomerRetentionResponse> ReportHandlers::GetCustomerRetention(
    const ReportCall& call, const v1::GetCustomerRetentionRequest& asked) {
  CLV_ASSIGN_OR_RETURN(const v1::GetCustomerRetentionRequest request, WithFixedParams(call, asked));
  CLV_ASSIGN_OR_RETURN(const storage::RetentionQuery query, ToQuery(request, TimeOf(call)));
  return Answer(reports_.CustomerRetention(query), query.scope.range,
                &v1::GetCustomerRetentionResponse::mutable_rows);
}

absl::StatusOr<v1::GetClvBySegmentResponse> ReportHandlers::GetClvBySegment(
    const ReportCall& call, const v1::GetClvBySegmentRequest& asked) {
  CLV_ASSIGN_OR_RETURN(const v1::GetClvBySegmentRequest request, WithFixedParams(call, asked));
  CLV_ASSIGN_OR_RETURN(const storage::SegmentQuery query, ToQuery(request, TimeOf(call)));
  return Answer(reports_.ClvBySegment(query), query.scope.range,
                &v1::GetClvBySegmentResponse::mutable_rows);
}

absl::StatusOr<v1::GetClvByAcquisitionSourceResponse> ReportHandlers::GetClvByAcquisitionSource(
    const ReportCall& call, const v1::GetClvByAcquisitionSourceRequest& asked) {
  CLV_ASSIGN_OR_RETURN(const v1::GetClvByAcquisitionSourceRequest request,
                       WithFixedParams(call, asked));
  CLV_ASSIGN_OR_RETURN(const storage::SegmentQuery query, ToQuery(request, TimeOf(call)));
  return Answer(reports_.ClvByAcquisitionSource(query), query.scope.range,
                &v1::GetClvByAcquisitionSourceResponse::mutable_rows);
}

absl::StatusOr<v1::GetPurchaseFrequencyAnalysisResponse>
ReportHandlers::GetPurchaseFrequencyAnalysis(const ReportCall& call,
                                             const v1::GetPurchaseFrequencyAnalysisRequest& asked) {
  CLV_ASSIGN_OR_RETURN(const v1::GetPurchaseFrequencyAnalysisRequest request,
                       WithFixedParams(call, asked));
  using Response = v1::GetPurchaseFrequencyAnalysisResponse;
  CLV_ASSIGN_OR_RETURN(const storage::FrequencyQuery query, ToQuery(request, TimeOf(call)));
  const storage::RowRange& range = query.scope.range;
  switch (request.view()) {
    case v1::FREQUENCY_VIEW_INTERVAL:
      return Answer(reports_.FrequencyByInterval(query), range, &Response::mutable_interval_rows);
    case v1::FREQUENCY_VIEW_RECENCY:
      return Answer(reports_.FrequencyByRecency(query), range, &Response::mutable_rows);
    case v1::FREQUENCY_VIEW_ORDER_NUMBER:
      return Answer(reports_.FrequencyByOrderNumber(query.scope), range,
                    &Response::mutable_order_number_rows);
    default:
      return Answer(reports_.FrequencyByOrders(query), range, &Response::mutable_rows);
  }
}

absl::StatusOr<v1::GetClvPredictionResponse> ReportHandlers::GetClvPrediction(
    const ReportCall& call, const v1::GetClvPredictionRequest& asked) {
  CLV_ASSIGN_OR_RETURN(const v1::GetClvPredictionRequest request, WithFixedParams(call, asked));
  CLV_ASSIGN_OR_RETURN(const storage::PredictionQuery query, ToQuery(request, TimeOf(call)));
  const absl::StatusOr<storage::PredictionReport> report = reports_.ClvPrediction(query);
  CLV_ASSIGN_OR_RETURN(
      v1::GetClvPredictionResponse response,
      Answer(report, query.scope.range, &v1::GetClvPredictionResponse::mutable_rows));
  CopyModel(report->model, response.mutable_model());
  return response;
}

absl::StatusOr<v1::GetCustomerSegmentationResponse> ReportHandlers::GetCustomerSegmentation(
    const ReportCall& call, const v1::GetCustomerSegmentationRequest& asked) {
  CLV_ASSIGN_OR_RETURN(const v1::GetCustomerSegmentationRequest request,
                       WithFixedParams(call, asked));
  using Response = v1::GetCustomerSegmentationResponse;
  CLV_ASSIGN_OR_RETURN(const storage::SegmentationQuery query, ToQuery(request, TimeOf(call)));
  const storage::RowRange& range = query.scope.range;
  switch (request.level()) {
    case v1::SEGMENTATION_LEVEL_SUMMARY:
      return Answer(reports_.RfmSegments(query), range, &Response::mutable_segment_rows);
    case v1::SEGMENTATION_LEVEL_MATRIX:
      return Answer(reports_.RfmMatrix(query), range, &Response::mutable_cell_rows);
    default:
      return Answer(reports_.RfmCustomers(query), range, &Response::mutable_rows);
  }
}

absl::StatusOr<v1::GetTotalCustomerValueResponse> ReportHandlers::GetTotalCustomerValue(
    const ReportCall& call, const v1::GetTotalCustomerValueRequest& asked) {
  CLV_ASSIGN_OR_RETURN(const v1::GetTotalCustomerValueRequest request,
                       WithFixedParams(call, asked));
  CLV_ASSIGN_OR_RETURN(const storage::CustomerValueQuery query, ToQuery(request, TimeOf(call)));
  CLV_ASSIGN_OR_RETURN(v1::GetTotalCustomerValueResponse response,
                       Answer(reports_.TotalCustomerValue(query), query.scope.range,
                              &v1::GetTotalCustomerValueResponse::mutable_rows));
  if (!call.caller.May("DATASOURCES:READ:customers")) {
    for (v1::TotalCustomerValueRow& row : *response.mutable_rows()) {
      if (row.has_email()) row.set_email(MaskEmail(row.email()));
    }
  }
  return response;
}

absl::StatusOr<v1::ListQuarantinedRowsResponse> ReportHandlers::ListQuarantinedRows(
    const ReportCall& call, const v1::ListQuarantinedRowsRequest& request) {
  const std::string& name = request.data_source();
  const std::optional<domain::DataSource> data_source = domain::DataSourceOfName(name);
  if (!data_source)
    return absl::NotFoundError(absl::StrCat("Data Source \"", name, "\" does not exist"));
  if (!call.caller.May("DATASOURCES:APPEND:" + name) &&
      !call.caller.May("DATASOURCES:READ:" + name)) {
    return absl::PermissionDeniedError(
        absl::StrCat("the token lacks the scope: want DATASOURCES:APPEND:", name,
                     " or DATASOURCES:READ:", name));
  }
  const auto present = [](bool has, uint32_t value) {
    return has ? std::optional<uint32_t>(value) : std::nullopt;
  };
  CLV_ASSIGN_OR_RETURN(
      const storage::RowRange range,
      MakeRange(present(request.has_limit(), request.limit()),
                present(request.has_page(), request.page()),
                present(request.has_page_size(), request.page_size()), kDefaultQuarantineLimit));
  CLV_ASSIGN_OR_RETURN(const std::vector<storage::QuarantinedRow> rows,
                       quarantine_.List(*data_source, *range.limit, range.offset));
  CLV_ASSIGN_OR_RETURN(const uint64_t total, quarantine_.Count(*data_source));
  v1::ListQuarantinedRowsResponse response;
  for (const storage::QuarantinedRow& row : rows) CopyRow(row, response.add_rows());
  response.set_total_rows(total);
  return response;
}

}  // namespace clv::query
