#include "services/ingest/data_source_handlers.h"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "common/base/status_macros.h"
#include "common/domain/row_condition.h"
#include "common/rpc/status_conversion.h"
#include "services/ingest/data_source_names.h"
#include "services/ingest/quarantine_reasons.h"

namespace clv::ingest {
namespace {

absl::StatusOr<domain::RowCondition> ReadDeleteCondition(domain::DataSource data_source,
                                                         const std::string& text) {
  absl::StatusOr<domain::RowCondition> condition = domain::ParseRowCondition(data_source, text);
  if (condition.ok()) return condition;
  return rpc::FieldError("delete_condition", std::string(condition.status().message()));
}

absl::Status MayGoOn(const rpc::CallContext& call) {
  if (std::chrono::steady_clock::now() >= call.deadline()) {
    return absl::DeadlineExceededError("the rows could not be counted in time");
  }
  if (call.IsCancelled()) return absl::CancelledError("the client gave up");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::DeleteRowsResponse> DataSourceHandlers::DeleteRows(
    const rpc::CallContext& call, const v1::DeleteRowsRequest& request) const {
  CLV_ASSIGN_OR_RETURN(const domain::DataSource data_source, FindDataSource(request.data_source()));
  CLV_ASSIGN_OR_RETURN(domain::RowCondition condition,
                       ReadDeleteCondition(data_source, request.delete_condition()));
  v1::DeleteRowsResponse response;
  if (request.dry_run()) {
    CLV_ASSIGN_OR_RETURN(
        const uint64_t rows,
        options_.deletion->Count(data_source, condition, [&call] { return MayGoOn(call); }));
    response.set_rows_to_be_deleted(rows);
    return response;
  }
  CLV_RETURN_IF_ERROR(options_.audit->Record(call, "rows.delete", NameOf({data_source})));
  CLV_ASSIGN_OR_RETURN(*response.mutable_job(),
                       options_.deletion->Start(data_source, std::move(condition)));
  return response;
}

absl::StatusOr<v1::TruncateDataSourceResponse> DataSourceHandlers::TruncateDataSource(
    const rpc::CallContext& call, const v1::TruncateDataSourceRequest& request) const {
  CLV_ASSIGN_OR_RETURN(const NamedDataSource named,
                       FindDataSourceOrQuarantine(request.data_source()));
  CLV_RETURN_IF_ERROR(options_.audit->Record(call, "rows.truncate", NameOf(named)));
  v1::TruncateDataSourceResponse response;
  CLV_ASSIGN_OR_RETURN(*response.mutable_job(),
                       named.is_quarantine
                           ? options_.truncation->Start(named.data_source)
                           : options_.deletion->Start(named.data_source, std::nullopt));
  return response;
}

v1::ListDataSourcesResponse DataSourceHandlers::ListDataSources(
    const rpc::CallContext& call) const {
  v1::ListDataSourcesResponse response;
  for (const NamedDataSource& named : AllDataSources()) {
    if (!MaySee(call.caller(), named.data_source)) continue;
    *response.add_data_sources() = options_.catalogue->Describe(named);
  }
  return response;
}

absl::StatusOr<v1::GetDataSourceResponse> DataSourceHandlers::GetDataSource(
    const rpc::CallContext& call, const v1::GetDataSourceRequest& request) const {
  CLV_ASSIGN_OR_RETURN(const NamedDataSource named,
                       FindDataSourceOrQuarantine(request.data_source()));
  CLV_RETURN_IF_ERROR(call.RequireAnyOf(ScopesToSee(named.data_source)));
  v1::GetDataSourceResponse response;
  *response.mutable_data_source() = options_.catalogue->Describe(named);
  return response;
}

absl::StatusOr<v1::CountQuarantinedRowsResponse> DataSourceHandlers::CountQuarantinedRows(
    const rpc::CallContext& call, const v1::CountQuarantinedRowsRequest& request) const {
  CLV_ASSIGN_OR_RETURN(const domain::DataSource data_source, FindDataSource(request.data_source()));
  CLV_RETURN_IF_ERROR(call.RequireAnyOf(ScopesToSee(data_source)));
  CLV_ASSIGN_OR_RETURN(const std::vector<storage::QuarantineReasonCount> reasons,
                       options_.quarantine->CountByReason(data_source));
  CLV_ASSIGN_OR_RETURN(const uint64_t rows, options_.quarantine->Count(data_source));
  v1::CountQuarantinedRowsResponse response;
  for (const storage::QuarantineReasonCount& reason : reasons) {
    *response.add_reasons() = ToProto(reason);
  }
  response.set_total_rows(rows);
  return response;
}

absl::StatusOr<v1::RetryQuarantinedRowsResponse> DataSourceHandlers::RetryQuarantinedRows(
    const rpc::CallContext& call, const v1::RetryQuarantinedRowsRequest& request) const {
  CLV_ASSIGN_OR_RETURN(const domain::DataSource data_source, FindDataSource(request.data_source()));
  CLV_RETURN_IF_ERROR(call.RequireAnyOf({ScopeToAppend(data_source)}));
  CLV_ASSIGN_OR_RETURN(RetrySelection selection, ReadRetrySelection(request));
  CLV_RETURN_IF_ERROR(options_.audit->Record(call, "quarantine.retry",
                                             NameOf({data_source, /*is_quarantine=*/true})));
  v1::RetryQuarantinedRowsResponse response;
  CLV_ASSIGN_OR_RETURN(*response.mutable_job(),
                       options_.retry->Start(data_source, std::move(selection)));
  return response;
}

}  // namespace clv::ingest
