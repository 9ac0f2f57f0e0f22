// services/query/query_service.h: clv.v1.QueryService.
#ifndef CLV_SERVICES_QUERY_QUERY_SERVICE_H_
#define CLV_SERVICES_QUERY_QUERY_SERVICE_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "clv/v1/query_service.grpc.pb.h"
#include "common/base/clock.h"
#include "common/rpc/dispatcher.h"
#include "common/rpc/local_methods.h"
#include "common/storage/model_store.h"
#include "common/storage/reports.h"
#include "common/storage/storage.h"
#include "common/storage/visibility_waiter.h"
#include "services/query/catalogue_face.h"
#include "services/query/pipe_catalogue.h"
#include "services/query/pipe_face.h"
#include "services/query/report_handlers.h"

namespace clv::query {

// Answers the RPCs; the meaning of each is in the proto. Thread-safe.
class QueryService final : public v1::QueryService::CallbackService {
 public:
  // All must outlive the service.
  struct Backends {
    storage::Reports& reports;
    storage::QuarantineReader& quarantine;
    storage::FoldProgress& progress;
    // Size of the database that reports read, in bytes; called for the status only, from any
    // thread.
    std::function<uint64_t()> database_bytes;
    const Clock& clock = SystemClock();
    storage::ModelReader* models = nullptr;  // null: no fit is ever found
    // Whether a report about a few customers as of now takes little time just now; empty: never.
    std::function<bool()> answers_at_once;
  };

  QueryService(Backends backends, rpc::Dispatcher::Options dispatcher);

  // Adds the reports, those of the /v0 face too.
  void AddTo(rpc::LocalMethods* methods);

  grpc::ServerUnaryReactor* GetCustomerRetention(
      grpc::CallbackServerContext* context, const v1::GetCustomerRetentionRequest* request,
      v1::GetCustomerRetentionResponse* response) override;
  grpc::ServerUnaryReactor* GetClvBySegment(grpc::CallbackServerContext* context,
                                            const v1::GetClvBySegmentRequest* request,
                                            v1::GetClvBySegmentResponse* response) override;
  grpc::ServerUnaryReactor* GetClvByAcquisitionSource(
      grpc::CallbackServerContext* context, const v1::GetClvByAcquisitionSourceRequest* request,
      v1::GetClvByAcquisitionSourceResponse* response) override;
  grpc::ServerUnaryReactor* GetPurchaseFrequencyAnalysis(
      grpc::CallbackServerContext* context, const v1::GetPurchaseFrequencyAnalysisRequest* request,
      v1::GetPurchaseFrequencyAnalysisResponse* response) override;
  grpc::ServerUnaryReactor* GetClvPrediction(grpc::CallbackServerContext* context,
                                             const v1::GetClvPredictionRequest* request,
                                             v1::GetClvPredictionResponse* response) override;
  grpc::ServerUnaryReactor* GetCustomerSegmentation(
      grpc::CallbackServerContext* context, const v1::GetCustomerSegmentationRequest* request,
      v1::GetCustomerSegmentationResponse* response) override;
  grpc::ServerUnaryReactor* GetTotalCustomerValue(
      grpc::CallbackServerContext* context, const v1::GetTotalCustomerValueRequest* request,
      v1::GetTotalCustomerValueResponse* response) override;
  grpc::ServerUnaryReactor* GetClvModelInfo(grpc::CallbackServerContext* context,
                                            const v1::GetClvModelInfoRequest* request,
                                            v1::GetClvModelInfoResponse* response) override;
  grpc::ServerUnaryReactor* GetModel(grpc::CallbackServerContext* context,
                                     const v1::GetModelRequest* request,
                                     v1::GetModelResponse* response) override;
  grpc::ServerUnaryReactor* ListModels(grpc::CallbackServerContext* context,
                                       const v1::ListModelsRequest* request,
                                       v1::ListModelsResponse* response) override;
  grpc::ServerUnaryReactor* GetBacktest(grpc::CallbackServerContext* context,
                                        const v1::GetBacktestRequest* request,
                                        v1::GetBacktestResponse* response) override;
  grpc::ServerUnaryReactor* ListQuarantinedRows(grpc::CallbackServerContext* context,
                                                const v1::ListQuarantinedRowsRequest* request,
                                                v1::ListQuarantinedRowsResponse* response) override;
  grpc::ServerUnaryReactor* ListPipes(grpc::CallbackServerContext* context,
                                      const v1::ListPipesRequest* request,
                                      v1::ListPipesResponse* response) override;
  grpc::ServerUnaryReactor* DescribePipes(grpc::CallbackServerContext* context,
                                          const v1::DescribePipesRequest* request,
                                          google::api::HttpBody* response) override;
  grpc::ServerUnaryReactor* QueryPipe(grpc::CallbackServerContext* context,
                                      const v1::QueryPipeRequest* request,
                                      google::api::HttpBody* response) override;
  grpc::ServerUnaryReactor* GetWebPage(grpc::CallbackServerContext* context,
                                       const v1::GetWebPageRequest* request,
                                       google::api::HttpBody* response) override;
  grpc::ServerUnaryReactor* GetQueryStatus(grpc::CallbackServerContext* context,
                                           const v1::GetQueryStatusRequest* request,
                                           v1::GetQueryStatusResponse* response) override;

 private:
  // Answers a report with the handler of that name once what the request waits for is folded.
  template <auto kHandler, typename Request, typename Response>
  grpc::ServerUnaryReactor* ServeReport(grpc::CallbackServerContext* context,
                                        const std::string& method, const Request* request,
                                        Response* response);
  // Calls `then` on a worker: with OK once the position is folded (0: at once), else with why it
  // was not waited for any longer. To be called on a worker.
  void WhenFolded(storage::LogPosition position, std::chrono::steady_clock::time_point deadline,
                  std::function<void(absl::Status)> then);
  absl::Status NotFolded(storage::LogPosition position);
  absl::StatusOr<rpc::V0Reply> AnswerPipe(const rpc::CallContext& call,
                                          const v1::QueryPipeRequest& request);
  absl::StatusOr<v1::GetQueryStatusResponse> Status();

  Backends backends_;
  ReportHandlers handlers_;
  PipeFace pipes_;
  const PipeCatalogue catalogue_;
  const CatalogueFace catalogue_face_;
  const std::chrono::milliseconds pipe_time_;  // that a pipe may take at most
  rpc::Dispatcher dispatcher_;
  storage::VisibilityWaiter folds_;
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_QUERY_SERVICE_H_
