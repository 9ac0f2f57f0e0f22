#include "services/ingest/data_source_service.h"

#include "absl/status/statusor.h"

namespace clv::ingest {

DataSourceService::DataSourceService(const Options& options)
    : dispatcher_("clv.v1.DataSourceService", options.dispatch),
      handlers_(options.handlers),
      face_(options.face),
      path_({.queue = options.queue,
             .visibility = options.visibility,
             .clock = options.clock,
             .erased = options.erased,
             .outcomes = options.outcomes}),
      file_idle_(options.file_idle_timeout),
      file_workers_({.threads = 4, .max_queued = static_cast<size_t>(options.max_files)}),
      file_host_({.dispatcher = &dispatcher_,
                  .workers = &file_workers_,
                  .path = &path_,
                  .import = {.queue = options.queue,
                             .jobs = options.jobs,
                             .clock = options.clock,
                             .erased = options.erased},
                  .audit = options.audit,
                  .outcomes = options.outcomes,
                  .idle = &file_idle_,
                  .running = &files_,
                  .max_running = options.max_files}),
      export_workers_({.threads = 2, .max_queued = static_cast<size_t>(options.max_exports)}),
      export_host_({.workers = &export_workers_,
                    .facts = options.facts,
                    .audit = options.audit,
                    .idle = &file_idle_,
                    .running = &exports_,
                    .max_running = options.max_exports,
                    .max_time = options.max_export_time}) {}

grpc::ServerReadReactor<v1::ImportFileRequest>* DataSourceService::ImportFile(
    grpc::CallbackServerContext* context, v1::ImportFileResponse* response) {
  // The typed face takes no token from the query.
  absl::StatusOr<std::shared_ptr<rpc::CallContext>> call =
      dispatcher_.StartCall(context, "ImportFile");
  return new FileStream<ImportFace>(
      file_host_, context, response,
      {.call = call.ok() ? *call : nullptr, .admitted = call.status()});
}

grpc::ServerReadReactor<v1::AppendFileRequest>* DataSourceService::AppendFile(
    grpc::CallbackServerContext* context, google::api::HttpBody* response) {
  return new FileStream<AppendFace>(file_host_, context, response,
                                    dispatcher_.StartV0Call(context, "AppendFile"));
}

grpc::ServerWriteReactor<google::api::HttpBody>* DataSourceService::ExportRows(
    grpc::CallbackServerContext* context, const v1::ExportRowsRequest* request) {
  return new ExportStream(export_host_, context, *request,
                          dispatcher_.StartCall(context, "ExportRows"));
}

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
                           [this, request](rpc::CallContext& call) {
                             return handlers_->TruncateDataSource(call, *request);
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
