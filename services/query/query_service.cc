#include "services/query/query_service.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "services/query/descriptor_set.h"
#include "services/query/form_body.h"
#include "services/query/web_page.h"

namespace clv::query {
namespace {

ReportCall CallOf(const rpc::CallContext& call) { return {call.caller(), call.deadline()}; }

// Whatever else is asked for looks at all customers.
bool IsAboutFewNow(const v1::GetTotalCustomerValueRequest& request) {
  constexpr int kFew = 16;
  return request.customer_id_size() > 0 && request.customer_id_size() <= kFew &&
         request.min_folded_position() == 0 && request.as_of().empty() &&
         request.start_date().empty() && request.end_date().empty();
}

// 0: none, or none that can be read, which the answer tells.
storage::LogPosition PositionWanted(const rpc::V0Parameters& parameters) {
  storage::LogPosition position = 0;
  const std::string text = parameters.Last("min_folded_position").value_or("");
  return absl::SimpleAtoi(text, &position) ? position : 0;
}

}  // namespace

QueryService::QueryService(Backends backends, rpc::Dispatcher::Options dispatcher)
    : backends_(std::move(backends)),
      handlers_(backends_.reports, backends_.quarantine, backends_.clock, backends_.models),
      pipes_(handlers_),
      catalogue_(DescriptorSet()),
      catalogue_face_(catalogue_),
      pipe_time_(dispatcher.default_deadline),
      dispatcher_("clv.v1.QueryService", dispatcher),
      folds_(&backends_.progress) {}

void QueryService::AddTo(rpc::LocalMethods* methods) {
  const std::string service = v1::QueryService::service_full_name();
  const auto add = [&](const char* method, auto function) {
    methods->Add(service, method, this, function);
  };
  add("GetCustomerRetention", &QueryService::GetCustomerRetention);
  add("GetClvBySegment", &QueryService::GetClvBySegment);
  add("GetClvByAcquisitionSource", &QueryService::GetClvByAcquisitionSource);
  add("GetPurchaseFrequencyAnalysis", &QueryService::GetPurchaseFrequencyAnalysis);
  add("GetClvPrediction", &QueryService::GetClvPrediction);
  add("GetCustomerSegmentation", &QueryService::GetCustomerSegmentation);
  add("GetTotalCustomerValue", &QueryService::GetTotalCustomerValue);
  add("QueryPipe", &QueryService::QueryPipe);
}

absl::Status QueryService::NotFolded(storage::LogPosition position) {
  const absl::StatusOr<storage::LogPosition> folded = backends_.progress.FoldedPosition();
  return absl::DeadlineExceededError(absl::StrCat("min_folded_position: ", position,
                                                  " is not folded yet, ", folded.ok() ? *folded : 0,
                                                  " is; try again later"));
}

void QueryService::WhenFolded(storage::LogPosition position,
                              std::chrono::steady_clock::time_point deadline,
                              std::function<void(absl::Status)> then) {
  const absl::StatusOr<storage::LogPosition> folded =
      position == 0 ? 0 : backends_.progress.FoldedPosition();
  if (folded.ok() && *folded >= position) {
    then(absl::OkStatus());
    return;
  }
  folds_.Wait(position, storage::EndOfWait(deadline),
              [this, position, then = std::move(then)](bool is_folded) {
                if (!is_folded) {
                  then(NotFolded(position));
                } else if (!dispatcher_.workers().TrySubmit([then] { then(absl::OkStatus()); })) {
                  then(absl::ResourceExhaustedError("too many calls are waiting; try again later"));
                }
              });
}

template <auto kHandler, typename Request, typename Response>
grpc::ServerUnaryReactor* QueryService::ServeReport(grpc::CallbackServerContext* context,
                                                    const std::string& method,
                                                    const Request* request, Response* response) {
  return dispatcher_.ServeAsync(
      context, method,
      [this, request, response](rpc::CallContext& call, const rpc::Dispatcher::Done& done) {
        WhenFolded(request->min_folded_position(), call.deadline(),
                   [this, &call, request, response, done](const absl::Status& folded) {
                     if (!folded.ok()) {
                       done(folded);
                       return;
                     }
                     absl::StatusOr<Response> answer =
                         (handlers_.*kHandler)(CallOf(call), *request);
                     if (answer.ok()) *response = *std::move(answer);
                     done(answer.status());
                   });
      });
}

grpc::ServerUnaryReactor* QueryService::GetCustomerRetention(
    grpc::CallbackServerContext* context, const v1::GetCustomerRetentionRequest* request,
    v1::GetCustomerRetentionResponse* response) {
  return ServeReport<&ReportHandlers::GetCustomerRetention>(context, "GetCustomerRetention",
                                                            request, response);
}

grpc::ServerUnaryReactor* QueryService::GetClvBySegment(grpc::CallbackServerContext* context,
                                                        const v1::GetClvBySegmentRequest* request,
                                                        v1::GetClvBySegmentResponse* response) {
  return ServeReport<&ReportHandlers::GetClvBySegment>(context, "GetClvBySegment", request,
                                                       response);
}

grpc::ServerUnaryReactor* QueryService::GetClvByAcquisitionSource(
    grpc::CallbackServerContext* context, const v1::GetClvByAcquisitionSourceRequest* request,
    v1::GetClvByAcquisitionSourceResponse* response) {
  return ServeReport<&ReportHandlers::GetClvByAcquisitionSource>(
      context, "GetClvByAcquisitionSource", request, response);
}

grpc::ServerUnaryReactor* QueryService::GetPurchaseFrequencyAnalysis(
    grpc::CallbackServerContext* context, const v1::GetPurchaseFrequencyAnalysisRequest* request,
    v1::GetPurchaseFrequencyAnalysisResponse* response) {
  return ServeReport<&ReportHandlers::GetPurchaseFrequencyAnalysis>(
      context, "GetPurchaseFrequencyAnalysis", request, response);
}

grpc::ServerUnaryReactor* QueryService::GetClvPrediction(grpc::CallbackServerContext* context,
                                                         const v1::GetClvPredictionRequest* request,
                                                         v1::GetClvPredictionResponse* response) {
  return ServeReport<&ReportHandlers::GetClvPrediction>(context, "GetClvPrediction", request,
                                                        response);
}

grpc::ServerUnaryReactor* QueryService::GetCustomerSegmentation(
    grpc::CallbackServerContext* context, const v1::GetCustomerSegmentationRequest* request,
    v1::GetCustomerSegmentationResponse* response) {
  return ServeReport<&ReportHandlers::GetCustomerSegmentation>(context, "GetCustomerSegmentation",
                                                               request, response);
}

grpc::ServerUnaryReactor* QueryService::GetTotalCustomerValue(
    grpc::CallbackServerContext* context, const v1::GetTotalCustomerValueRequest* request,
    v1::GetTotalCustomerValueResponse* response) {
  const bool is_quick = IsAboutFewNow(*request) && backends_.answers_at_once != nullptr &&
                        backends_.answers_at_once();
  if (!is_quick) {
    return ServeReport<&ReportHandlers::GetTotalCustomerValue>(context, "GetTotalCustomerValue",
                                                               request, response);
  }
  return dispatcher_.Serve(
      context, "GetTotalCustomerValue", response,
      [this, request](const rpc::CallContext& call) {
        return handlers_.GetTotalCustomerValue(CallOf(call), *request);
      },
      nullptr, rpc::Dispatcher::RunOn::kCallingThread);
}

grpc::ServerUnaryReactor* QueryService::GetClvModelInfo(grpc::CallbackServerContext* context,
                                                        const v1::GetClvModelInfoRequest* request,
                                                        v1::GetClvModelInfoResponse* response) {
  return dispatcher_.Serve(context, "GetClvModelInfo", response,
                           [this, request](const rpc::CallContext& call) {
                             return handlers_.GetClvModelInfo(CallOf(call), *request);
                           });
}

grpc::ServerUnaryReactor* QueryService::GetModel(grpc::CallbackServerContext* context,
                                                 const v1::GetModelRequest* request,
                                                 v1::GetModelResponse* response) {
  return dispatcher_.Serve(context, "GetModel", response, [this, request](const rpc::CallContext&) {
    return handlers_.GetModel(*request);
  });
}

grpc::ServerUnaryReactor* QueryService::ListModels(grpc::CallbackServerContext* context,
                                                   const v1::ListModelsRequest* request,
                                                   v1::ListModelsResponse* response) {
  return dispatcher_.Serve(
      context, "ListModels", response,
      [this, request](const rpc::CallContext&) { return handlers_.ListModels(*request); });
}

grpc::ServerUnaryReactor* QueryService::GetBacktest(grpc::CallbackServerContext* context,
                                                    const v1::GetBacktestRequest* request,
                                                    v1::GetBacktestResponse* response) {
  return dispatcher_.Serve(
      context, "GetBacktest", response,
      [this, request](const rpc::CallContext&) { return handlers_.GetBacktest(*request); });
}

grpc::ServerUnaryReactor* QueryService::ListQuarantinedRows(
    grpc::CallbackServerContext* context, const v1::ListQuarantinedRowsRequest* request,
    v1::ListQuarantinedRowsResponse* response) {
  return dispatcher_.Serve(context, "ListQuarantinedRows", response,
                           [this, request](const rpc::CallContext& call) {
                             return handlers_.ListQuarantinedRows(CallOf(call), *request);
                           });
}

grpc::ServerUnaryReactor* QueryService::ListPipes(grpc::CallbackServerContext* context,
                                                  const v1::ListPipesRequest*,
                                                  v1::ListPipesResponse* response) {
  return dispatcher_.Serve(
      context, "ListPipes", response,
      [this](const rpc::CallContext& call) -> absl::StatusOr<v1::ListPipesResponse> {
        return catalogue_face_.List(call.caller());
      });
}

grpc::ServerUnaryReactor* QueryService::DescribePipes(grpc::CallbackServerContext* context,
                                                      const v1::DescribePipesRequest*,
                                                      google::api::HttpBody* response) {
  return dispatcher_.ServeV0(context, "DescribePipes", nullptr, response,
                             [this](const rpc::CallContext& call) {
                               return catalogue_face_.Answer(call.parameters(), call.caller());
                             });
}

grpc::ServerUnaryReactor* QueryService::QueryPipe(grpc::CallbackServerContext* context,
                                                  const v1::QueryPipeRequest* request,
                                                  google::api::HttpBody* response) {
  return dispatcher_.ServeV0Async(
      context, "QueryPipe", &request->body(), response,
      [this, request](rpc::CallContext& call, const rpc::Dispatcher::V0Done& done) {
        const absl::Status form = CheckFormBody(request->body(), call.content_encoding());
        if (!form.ok()) {
          done(form);
          return;
        }
        if (CatalogueFace::Describes(request->pipe())) {
          done(catalogue_face_.Describe(request->pipe(), call.parameters(), call.caller()));
          return;
        }
        // Nobody waits for a pipe that he does not get.
        const absl::Status access = PipeFace::CheckAccess(request->pipe(), call.caller());
        if (!access.ok()) {
          done(access);
          return;
        }
        WhenFolded(
            PositionWanted(call.parameters()), call.deadline(),
            [this, &call, request, done](const absl::Status& folded) {
              done(folded.ok() ? AnswerPipe(call, *request) : absl::StatusOr<rpc::V0Reply>(folded));
            });
      });
}

absl::StatusOr<rpc::V0Reply> QueryService::AnswerPipe(const rpc::CallContext& call,
                                                      const v1::QueryPipeRequest& request) {
  // A gateway's deadline is longer than a pipe may take, and would end in no answer of ours.
  ReportCall report = CallOf(call);
  report.deadline = std::min(report.deadline, std::chrono::steady_clock::now() + pipe_time_);
  return pipes_.Answer(request.pipe(), call.parameters(), report);
}

grpc::ServerUnaryReactor* QueryService::GetWebPage(grpc::CallbackServerContext* context,
                                                   const v1::GetWebPageRequest*,
                                                   google::api::HttpBody* response) {
  return dispatcher_.ServeV0(context, "GetWebPage", nullptr, response,
                             [](const rpc::CallContext&) { return WebPageReply(); });
}

grpc::ServerUnaryReactor* QueryService::GetQueryStatus(grpc::CallbackServerContext* context,
                                                       const v1::GetQueryStatusRequest*,
                                                       v1::GetQueryStatusResponse* response) {
  return dispatcher_.Serve(context, "GetQueryStatus", response,
                           [this](const rpc::CallContext&) { return Status(); });
}

absl::StatusOr<v1::GetQueryStatusResponse> QueryService::Status() {
  v1::GetQueryStatusResponse response;
  v1::QueryStatus* status = response.mutable_status();
  // Without a store nothing is folded, and that is what the status says.
  const absl::StatusOr<storage::LogPosition> folded = backends_.progress.FoldedPosition();
  if (!folded.ok() && folded.status().code() != absl::StatusCode::kUnavailable)
    return folded.status();
  status->set_folded_position(folded.ok() ? *folded : 0);
  status->set_reports(handlers_.answered());
  status->set_failed_reports(handlers_.failed());
  status->set_database_bytes(backends_.database_bytes());
  return response;
}

}  // namespace clv::query
