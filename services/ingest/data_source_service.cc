#include "services/ingest/data_source_service.h"

#include "absl/status/statusor.h"

namespace clv::ingest {

DataSourceService::DataSourceService(const Options& options)
    : dispatcher_("clv.v1.DataSourceService", options.dispatch),
      handlers_(options.handlers),
      face_(options.face) {}

grpc::ServerUnaryReactor* DataSourceService::DeleteRows(grpc::CallbackServerContext* context,
                                                        const v1::DeleteRowsRequest* request,
                                                        v1::DeleteRowsResponse* response) {
  return dispatcher_.Serve(
      context, "DeleteRows", response,
      [this, request](rpc::CallContext& call) { return handlers_->DeleteRows(call, *request); });
}

grpc::ServerUnaryReactor* DataSourceService::TruncateDataSource(
    grpc::CallbackServerContext* context, const v1::TruncateDataSourceRequest* request,
    v1::TruncateDataSourceResponse* response) {
  return dispatcher_.Serve(context, "TruncateDataSource", response,
                           [this, request](rpc::CallContext& /*call*/) {
                             return handlers_->TruncateDataSource(*request);
                           });
}

grpc::ServerUnaryReactor* DataSourceService::ListDataSources(
    grpc::CallbackServerContext* context, const v1::ListDataSourcesRequest* /*request*/,
    v1::ListDataSourcesResponse* response) {
  return dispatcher_.Serve(
      context, "ListDataSources", response,
      [this](rpc::CallContext& call) -> absl::StatusOr<v1::ListDataSourcesResponse> {
        return handlers_->ListDataSources(call);
      });
}

grpc::ServerUnaryReactor* DataSourceService::GetDataSource(grpc::CallbackServerContext* context,
                                                           const v1::GetDataSourceRequest* request,
                                                           v1::GetDataSourceResponse* response) {
  return dispatcher_.Serve(
      context, "GetDataSource", response,
      [this, request](rpc::CallContext& call) { return handlers_->GetDataSource(call, *request); });
}

grpc::ServerUnaryReactor* DataSourceService::CountQuarantinedRows(
    grpc::CallbackServerContext* context, const v1::CountQuarantinedRowsRequest* request,
    v1::CountQuarantinedRowsResponse* response) {
  return dispatcher_.Serve(context, "CountQuarantinedRows", response,
                           [this, request](rpc::CallContext& call) {
                             return handlers_->CountQuarantinedRows(call, *request);
                           });
}

grpc::ServerUnaryReactor* DataSourceService::RetryQuarantinedRows(
    grpc::CallbackServerContext* context, const v1::RetryQuarantinedRowsRequest* request,
    v1::RetryQuarantinedRowsResponse* response) {
  return dispatcher_.Serve(context, "RetryQuarantinedRows", response,
                           [this, request](rpc::CallContext& call) {
                             return handlers_->RetryQuarantinedRows(call, *request);
                           });
}

grpc::ServerUnaryReactor* DataSourceService::DescribeDataSources(
    grpc::CallbackServerContext* context, const v1::DescribeDataSourcesRequest* request,
    google::api::HttpBody* response) {
  return dispatcher_.ServeV0(
      context, "DescribeDataSources", nullptr, response,
      [this, request](rpc::CallContext& call) { return face_->Describe(call, *request); });
}

grpc::ServerUnaryReactor* DataSourceService::ChangeDataSource(
    grpc::CallbackServerContext* context, const v1::ChangeDataSourceRequest* request,
    google::api::HttpBody* response) {
  const google::api::HttpBody* form =
      DataSourceFace::IsForm(request->body()) ? &request->body() : nullptr;
  return dispatcher_.ServeV0(
      context, "ChangeDataSource", form, response,
      [this, request](rpc::CallContext& call) { return face_->Change(call, *request); });
}

}  // namespace clv::ingest
