#include "services/aggregation/aggregation_service.h"

#include <algorithm>
#include <utility>

#include "common/base/status_macros.h"
#include "common/rpc/status_conversion.h"

namespace clv::aggregation {

AggregationService::AggregationService(Options options)
    : options_(std::move(options)),
      dispatcher_(v1::AggregationService::service_full_name(), options_.dispatch) {}

grpc::ServerUnaryReactor* AggregationService::StartVerify(grpc::CallbackServerContext* context,
                                                          const v1::StartVerifyRequest* request,
                                                          v1::StartVerifyResponse* response) {
  return dispatcher_.Serve(
      context, "StartVerify", response,
      [this, request](rpc::CallContext&) -> absl::StatusOr<v1::StartVerifyResponse> {
        v1::StartVerifyResponse result;
        CLV_ASSIGN_OR_RETURN(*result.mutable_job(),
                             options_.jobs->StartVerify(request->from_log()));
        return result;
      });
}

grpc::ServerUnaryReactor* AggregationService::StartRebuild(grpc::CallbackServerContext* context,
                                                           const v1::StartRebuildRequest*,
                                                           v1::StartRebuildResponse* response) {
  return dispatcher_.Serve(context, "StartRebuild", response,
                           [this](rpc::CallContext&) -> absl::StatusOr<v1::StartRebuildResponse> {
                             v1::StartRebuildResponse result;
                             CLV_ASSIGN_OR_RETURN(*result.mutable_job(),
                                                  options_.jobs->StartRebuild());
                             return result;
                           });
}

grpc::ServerUnaryReactor* AggregationService::FitModel(grpc::CallbackServerContext* context,
                                                       const v1::FitModelRequest* request,
                                                       v1::FitModelResponse* response) {
  return dispatcher_.Serve(
      context, "FitModel", response,
      [this, request](rpc::CallContext&) -> absl::StatusOr<v1::FitModelResponse> {
        v1::FitModelResponse result;
        CLV_ASSIGN_OR_RETURN(*result.mutable_job(), options_.jobs->StartFit(request->cold()));
        return result;
      });
}

grpc::ServerUnaryReactor* AggregationService::GetJob(grpc::CallbackServerContext* context,
                                                     const v1::GetJobRequest* request,
                                                     v1::GetJobResponse* response) {
  return dispatcher_.Serve(
      context, "GetJob", response,
      [this, request](rpc::CallContext&) -> absl::StatusOr<v1::GetJobResponse> {
        v1::GetJobResponse result;
        CLV_ASSIGN_OR_RETURN(*result.mutable_job(), options_.jobs->GetJob(request->job_id()));
        return result;
      });
}

grpc::ServerUnaryReactor* AggregationService::ListJobs(grpc::CallbackServerContext* context,
                                                       const v1::ListJobsRequest* request,
                                                       v1::ListJobsResponse* response) {
  constexpr uint32_t kDefaultJobs = 100;
  constexpr uint32_t kMostJobs = 1000;
  return dispatcher_.Serve(
      context, "ListJobs", response,
      [this, request](rpc::CallContext&) -> absl::StatusOr<v1::ListJobsResponse> {
        const uint32_t limit = request->has_limit() ? request->limit() : kDefaultJobs;
        if (limit < 1 || limit > kMostJobs) {
          return rpc::FieldError("limit", std::to_string(limit), "1 to 1000");
        }
        v1::ListJobsResponse result;
        for (v1::Job& job : options_.jobs->ListJobs(limit)) *result.add_jobs() = std::move(job);
        return result;
      });
}

grpc::ServerUnaryReactor* AggregationService::GetAggregationStatus(
    grpc::CallbackServerContext* context, const v1::GetAggregationStatusRequest*,
    v1::GetAggregationStatusResponse* response) {
  return dispatcher_.Serve(
      context, "GetAggregationStatus", response,
      [this](rpc::CallContext&) -> absl::StatusOr<v1::GetAggregationStatusResponse> {
        v1::GetAggregationStatusResponse result;
        CLV_ASSIGN_OR_RETURN(*result.mutable_status(), Status());
        return result;
      });
}

absl::StatusOr<v1::AggregationStatus> AggregationService::Status() {
  v1::AggregationStatus status;
  CLV_ASSIGN_OR_RETURN(const auto state, options_.store->Read());
  CLV_ASSIGN_OR_RETURN(const storage::FactCounts counts, state->CountFacts());
  CLV_ASSIGN_OR_RETURN(const storage::LogPosition announced, state->AnnouncedPosition());
  std::lock_guard lock(log_mutex_);
  if (log_ == nullptr) {
    CLV_ASSIGN_OR_RETURN(log_, options_.open_log());
  }
  CLV_ASSIGN_OR_RETURN(const storage::LogLag lag, log_->LagAfter(announced));
  status.set_folded_position(announced);
  status.set_log_position(lag.last_position);
  status.set_lag_rows(lag.rows);
  if (lag.oldest_received_at_seconds > 0) {
    const double now = static_cast<double>(options_.clock->NowMicros()) / 1e6;
    status.set_lag_seconds(
        std::max(0.0, now - static_cast<double>(lag.oldest_received_at_seconds)));
  }
  status.set_folded_rows(options_.worker->folded_rows());
  status.set_dead_letters(counts.dead_letters);
  CLV_ASSIGN_OR_RETURN(const storage::FoldOutcome totals, state->Totals());
  status.set_duplicate_rows(totals.duplicate_rows);
  status.set_superseded_rows(totals.superseded_rows);
  status.set_removed_rows(totals.removed_rows);
  status.set_customers(counts.customers);
  status.set_purchases(counts.purchases);
  status.set_stopped_because(options_.worker->stopped_because());
  status.set_reporting_currency(options_.reporting_currency);
  return status;
}

}  // namespace clv::aggregation
