// services/ingest/export_stream.h: one call that gives back all rows of a data source.
#ifndef CLV_SERVICES_INGEST_EXPORT_STREAM_H_
#define CLV_SERVICES_INGEST_EXPORT_STREAM_H_

#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clv/v1/data_source_service.pb.h"
#include "common/rpc/dispatcher.h"
#include "common/storage/clv_store.h"
#include "services/ingest/audit.h"
#include "services/ingest/idle_watch.h"
#include "services/ingest/row_export.h"

namespace clv::ingest {

// Where the exports of one service run. Everything outlives them.
struct ExportStreamHost {
  rpc::WorkerPool* workers = nullptr;  // takes as many jobs as exports run
  storage::ClvReader* facts = nullptr;
  const Audit* audit = nullptr;
  IdleWatch* idle = nullptr;
  std::atomic<int>* running = nullptr;  // exports
  int max_running = 0;
  std::chrono::milliseconds max_time{0};  // of one export
};

// Reads a piece when the client's side has taken the one before, so that a slow client slows the
// reading and memory stays at one piece. A client that takes no piece for too long, or too long for
// all of them, is cut off, since the state that it reads holds back the reclaiming of space and
// erasures. Deletes itself.
class ExportStream final : public grpc::ServerWriteReactor<google::api::HttpBody> {
 public:
  // Begins when `call` was admitted and there is room for one more export, else ends the call.
  // `request` lives as long as the call.
  ExportStream(const ExportStreamHost& host, grpc::CallbackServerContext* context,
               const v1::ExportRowsRequest& request,
               absl::StatusOr<std::shared_ptr<rpc::CallContext>> call);

  void OnWriteDone(bool ok) override;
  void OnDone() override { delete this; }

 private:
  // Runs `job` on a worker; ends the call where there is none any more.
  void Submit(std::function<void()> job);

  // On a worker, one at a time.
  absl::Status Begin();
  void WriteNext();

  // The stream is gone afterwards.
  void End(const absl::Status& status);

  const ExportStreamHost& host_;
  grpc::CallbackServerContext* const context_;
  const v1::ExportRowsRequest& request_;
  std::shared_ptr<rpc::CallContext> call_;
  std::unique_ptr<RowExport> rows_;
  google::api::HttpBody piece_;
  IdleWatch::Timer timer_ = 0;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_EXPORT_STREAM_H_
