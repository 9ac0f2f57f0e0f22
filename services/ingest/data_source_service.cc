#include "services/ingest/data_source_service.h"

namespace clv::ingest {

DataSourceService::DataSourceService(const Options& options)
    : dispatcher_("clv.v1.DataSourceService", options.dispatch),
      path_({.queue = options.queue,
             .visibility = options.visibility,
             .clock = options.clock,
             .erased = options.erased,
             .outcomes = options.outcomes}),
      file_idle_(options.file_idle_timeout),
      file_workers_({.threads = 4, .max_queued = static_cast<size_t>(options.max_files)}),
      file_host_({.workers = &file_workers_,
                  .path = &path_,
                  .import = {.queue = options.queue,
                             .clock = options.clock,
                             .erased = options.erased},
                  .outcomes = options.outcomes,
                  .idle = &file_idle_,
                  .running = &files_,
                  .max_running = options.max_files}) {}

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

}  // namespace clv::ingest
