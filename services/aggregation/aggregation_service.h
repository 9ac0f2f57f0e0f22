// services/aggregation/aggregation_service.h: the AggregationService of
// proto/clv/v1/aggregation_service.proto.
#ifndef CLV_SERVICES_AGGREGATION_AGGREGATION_SERVICE_H_
#define CLV_SERVICES_AGGREGATION_AGGREGATION_SERVICE_H_

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "clv/v1/aggregation_service.grpc.pb.h"
#include "common/base/clock.h"
#include "common/rpc/dispatcher.h"
#include "common/storage/clv_store.h"
#include "common/storage/storage.h"
#include "services/aggregation/job_runner.h"
#include "services/aggregation/worker.h"

namespace clv::aggregation {

// Thread-safe. Everything in the options must outlive the service.
class AggregationService final : public v1::AggregationService::CallbackService {
 public:
  struct Options {
    rpc::Dispatcher::Options dispatch;
    storage::ClvStore* store = nullptr;
    const Worker* worker = nullptr;
    JobRunner* jobs = nullptr;
    const Clock* clock = nullptr;
    std::string reporting_currency;
    // Opens the log for reading, to tell the lag.
    std::function<absl::StatusOr<std::unique_ptr<storage::EventReader>>()> open_log;
  };
  explicit AggregationService(Options options);

  grpc::ServerUnaryReactor* StartVerify(grpc::CallbackServerContext* context,
                                        const v1::StartVerifyRequest* request,
                                        v1::StartVerifyResponse* response) override;
  grpc::ServerUnaryReactor* StartRebuild(grpc::CallbackServerContext* context,
                                         const v1::StartRebuildRequest* request,
                                         v1::StartRebuildResponse* response) override;
  grpc::ServerUnaryReactor* FitModel(grpc::CallbackServerContext* context,
                                     const v1::FitModelRequest* request,
                                     v1::FitModelResponse* response) override;
  grpc::ServerUnaryReactor* GetJob(grpc::CallbackServerContext* context,
                                   const v1::GetJobRequest* request,
                                   v1::GetJobResponse* response) override;
  grpc::ServerUnaryReactor* ListJobs(grpc::CallbackServerContext* context,
                                     const v1::ListJobsRequest* request,
                                     v1::ListJobsResponse* response) override;
  grpc::ServerUnaryReactor* GetAggregationStatus(
      grpc::CallbackServerContext* context, const v1::GetAggregationStatusRequest* request,
      v1::GetAggregationStatusResponse* response) override;

  // What GetAggregationStatus answers with.
  absl::StatusOr<v1::AggregationStatus> Status();

 private:
  const Options options_;
  const rpc::Dispatcher dispatcher_;
  std::mutex log_mutex_;
  std::unique_ptr<storage::EventReader> log_;  // guarded by log_mutex_
};

}  // namespace clv::aggregation

#endif  // CLV_SERVICES_AGGREGATION_AGGREGATION_SERVICE_H_
