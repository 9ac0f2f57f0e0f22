// services/ingest/data_source_service.h: the DataSourceService of
// proto/clv/v1/data_source_service.proto.
#ifndef CLV_SERVICES_INGEST_DATA_SOURCE_SERVICE_H_
#define CLV_SERVICES_INGEST_DATA_SOURCE_SERVICE_H_

#include <atomic>
#include <chrono>

#include "clv/v1/data_source_service.grpc.pb.h"
#include "common/base/clock.h"
#include "common/rpc/dispatcher.h"
#include "common/rpc/worker_pool.h"
#include "common/storage/visibility_waiter.h"
#include "services/ingest/audit.h"
#include "services/ingest/data_source_face.h"
#include "services/ingest/data_source_handlers.h"
#include "services/ingest/erased_customers.h"
#include "services/ingest/export_stream.h"
#include "services/ingest/file_stream.h"
#include "services/ingest/idle_watch.h"
#include "services/ingest/job_board.h"
#include "services/ingest/write_queue.h"

namespace clv::ingest {

// Says for each method which handler does the work. Thread-safe. Everything in the options must
// outlive the service, and the service the server's last call.
class DataSourceService final : public v1::DataSourceService::CallbackService {
 public:
  struct Options {
    rpc::Dispatcher::Options dispatch;
    const DataSourceHandlers* handlers = nullptr;
    const DataSourceFace* face = nullptr;
    WriteQueue* queue = nullptr;
    storage::VisibilityWaiter* visibility = nullptr;
    JobBoard* jobs = nullptr;
    const Audit* audit = nullptr;
    const Clock* clock = nullptr;
    const ErasedCustomers* erased = nullptr;    // see WritePath::Options
    storage::FoldOutcomes* outcomes = nullptr;  // the same
    // How long a file may keep the server waiting for its next piece.
    std::chrono::milliseconds file_idle_timeout{60'000};
    int max_files = 32;   // that are loaded at once
    int max_exports = 8;  // that are given back at once
    std::chrono::milliseconds max_export_time{3'600'000};
    storage::ClvReader* facts = nullptr;
  };
  explicit DataSourceService(const Options& options);

  grpc::ServerReadReactor<v1::ImportFileRequest>* ImportFile(
      grpc::CallbackServerContext* context, v1::ImportFileResponse* response) override;
  grpc::ServerReadReactor<v1::AppendFileRequest>* AppendFile(
      grpc::CallbackServerContext* context, google::api::HttpBody* response) override;
  grpc::ServerWriteReactor<google::api::HttpBody>* ExportRows(
      grpc::CallbackServerContext* context, const v1::ExportRowsRequest* request) override;
  grpc::ServerUnaryReactor* DeleteRows(grpc::CallbackServerContext* context,
                                       const v1::DeleteRowsRequest* request,
                                       v1::DeleteRowsResponse* response) override;
  grpc::ServerUnaryReactor* TruncateDataSource(grpc::CallbackServerContext* context,
                                               const v1::TruncateDataSourceRequest* request,
                                               v1::TruncateDataSourceResponse* response) override;
  grpc::ServerUnaryReactor* ListDataSources(grpc::CallbackServerContext* context,
                                            const v1::ListDataSourcesRequest* request,
                                            v1::ListDataSourcesResponse* response) override;
  grpc::ServerUnaryReactor* GetDataSource(grpc::CallbackServerContext* context,
                                          const v1::GetDataSourceRequest* request,
                                          v1::GetDataSourceResponse* response) override;
  grpc::ServerUnaryReactor* CountQuarantinedRows(
      grpc::CallbackServerContext* context, const v1::CountQuarantinedRowsRequest* request,
      v1::CountQuarantinedRowsResponse* response) override;
  grpc::ServerUnaryReactor* RetryQuarantinedRows(
      grpc::CallbackServerContext* context, const v1::RetryQuarantinedRowsRequest* request,
      v1::RetryQuarantinedRowsResponse* response) override;
  grpc::ServerUnaryReactor* DescribeDataSources(grpc::CallbackServerContext* context,
                                                const v1::DescribeDataSourcesRequest* request,
                                                google::api::HttpBody* response) override;
  grpc::ServerUnaryReactor* ChangeDataSource(grpc::CallbackServerContext* context,
                                             const v1::ChangeDataSourceRequest* request,
                                             google::api::HttpBody* response) override;

 private:
  const rpc::Dispatcher dispatcher_;
  const DataSourceHandlers* const handlers_;
  const DataSourceFace* const face_;
  const WritePath path_;
  IdleWatch file_idle_;
  // Files block while the log is behind, so they have threads of their own.
  rpc::WorkerPool file_workers_;
  std::atomic<int> files_ = 0;
  const FileStreamHost file_host_;
  // Exports read the store for long, and must not keep files waiting.
  rpc::WorkerPool export_workers_;
  std::atomic<int> exports_ = 0;
  const ExportStreamHost export_host_;
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_DATA_SOURCE_SERVICE_H_
