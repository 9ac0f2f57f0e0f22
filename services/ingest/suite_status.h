// services/ingest/suite_status.h: the state of ingest, aggregation and query, asked for in
// parallel.
#ifndef CLV_SERVICES_INGEST_SUITE_STATUS_H_
#define CLV_SERVICES_INGEST_SUITE_STATUS_H_

#include <grpcpp/channel.h>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "clv/v1/admin_service.pb.h"
#include "clv/v1/aggregation_service.grpc.pb.h"
#include "clv/v1/query_service.grpc.pb.h"
#include "common/storage/storage.h"
#include "services/ingest/write_queue.h"

namespace clv::ingest {

// Joins the three states. Thread-safe. Everything in the options must outlive every question.
class SuiteStatus {
 public:
  struct Options {
    const storage::EventLog* log = nullptr;
    const WriteQueue* queue = nullptr;
    std::string version;                       // of the suite
    int64_t start_time_seconds = 0;            // of this process, UTC
    std::chrono::milliseconds timeout{2'000};  // for each of the others
  };
  explicit SuiteStatus(Options options);

  // Tells where aggregation and query are; until then, and for a null channel, their states are
  // unknown, which is a problem.
  void Connect(const std::shared_ptr<grpc::Channel>& aggregation,
               const std::shared_ptr<grpc::Channel>& query);

  // Calls `done` exactly once, perhaps on another thread, never later than the timeout. Who does
  // not answer leaves a gap and a problem in words. `authorization`: of the asking caller, passed
  // on as it is.
  void Ask(const std::string& authorization, std::function<void(v1::GetStatusResponse)> done) const;

  // The state of ingest alone.
  v1::IngestStatus Ingest() const;

 private:
  struct Question;
  struct Peers {
    std::shared_ptr<v1::AggregationService::Stub> aggregation;  // null without a channel
    std::shared_ptr<v1::QueryService::Stub> query;              // the same
  };

  Peers peers() const;

  const Options options_;
  mutable std::mutex mutex_;
  Peers peers_;  // guarded by mutex_
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_SUITE_STATUS_H_
