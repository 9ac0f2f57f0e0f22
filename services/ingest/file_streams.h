// services/ingest/file_streams.h: the calls that load files.
#ifndef CLV_SERVICES_INGEST_FILE_STREAMS_H_
#define CLV_SERVICES_INGEST_FILE_STREAMS_H_

#include <atomic>
#include <chrono>

#include "clv/v1/data_source_service.pb.h"
#include "common/rpc/dispatcher.h"
#include "common/rpc/worker_pool.h"
#include "services/ingest/file_stream.h"
#include "services/ingest/idle_watch.h"
#include "services/ingest/write_path.h"

namespace clv::ingest {

// Starts one FileStream for each call, and holds what they share. Thread-safe. Everything in the
// options must outlive it, and it the last call.
class FileStreams {
 public:
  struct Options {
    WritePath::Options write;
    // How long a file may keep the server waiting for its next piece.
    std::chrono::milliseconds idle_timeout{60'000};
    int max_files = 32;  // that are loaded at once
    int threads = 4;     // that read them, and wait for the log
  };
  explicit FileStreams(const Options& options);

  // The reactors of DataSourceService's methods of these names; `dispatcher` is that service's.
  grpc::ServerReadReactor<v1::ImportFileRequest>* ImportFile(const rpc::Dispatcher& dispatcher,
                                                             grpc::CallbackServerContext* context,
                                                             v1::ImportFileResponse* response);
  grpc::ServerReadReactor<v1::AppendFileRequest>* AppendFile(const rpc::Dispatcher& dispatcher,
                                                             grpc::CallbackServerContext* context,
                                                             google::api::HttpBody* response);

 private:
  const WritePath path_;
  IdleWatch idle_;
  // Files block while the log is behind, so they have threads of their own.
  rpc::WorkerPool workers_;
  std::atomic<int> running_ = 0;
  const FileStreamHost host_;
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_FILE_STREAMS_H_
