#include "services/ingest/file_streams.h"

#include <memory>

#include "absl/status/statusor.h"

namespace clv::ingest {

FileStreams::FileStreams(const Options& options)
    : path_(options.write),
      idle_(options.idle_timeout),
      workers_({.threads = options.threads, .max_queued = static_cast<size_t>(options.max_files)}),
      host_({.workers = &workers_,
             .path = &path_,
             .import = {.queue = options.write.queue,
                        .clock = options.write.clock,
                        .erased = options.write.erased},
             .outcomes = options.write.outcomes,
             .idle = &idle_,
             .running = &running_,
             .max_running = options.max_files}) {}

grpc::ServerReadReactor<v1::ImportFileRequest>* FileStreams::ImportFile(
    const rpc::Dispatcher& dispatcher, grpc::CallbackServerContext* context,
    v1::ImportFileResponse* response) {
  // The typed face takes no token from the query.
  absl::StatusOr<std::shared_ptr<rpc::CallContext>> call =
      dispatcher.StartCall(context, "ImportFile");
  return new FileStream<ImportFace>(
      host_, context, response, {.call = call.ok() ? *call : nullptr, .admitted = call.status()});
}

grpc::ServerReadReactor<v1::AppendFileRequest>* FileStreams::AppendFile(
    const rpc::Dispatcher& dispatcher, grpc::CallbackServerContext* context,
    google::api::HttpBody* response) {
  return new FileStream<AppendFace>(host_, context, response,
                                    dispatcher.StartV0Call(context, "AppendFile"));
}

}  // namespace clv::ingest
