// The part of ReportHandlers that answers for the prediction models themselves.
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/rpc/fixed_params.h"
#include "common/rpc/status_conversion.h"
#include "services/query/model_conversion.h"
#include "services/query/report_handlers.h"

namespace clv::query {

absl::StatusOr<storage::StoredModels> ReportHandlers::FindModels(uint64_t version) {
  std::optional<storage::StoredModels> found;
  if (models_ != nullptr) {
    CLV_ASSIGN_OR_RETURN(found, models_->FindModels(version));
  }
  if (found) return *std::move(found);
  return absl::NotFoundError(version == 0
                                 ? "model_version: no model is fitted yet"
                                 : absl::StrCat("model_version: there is no fit ", version));
}

absl::StatusOr<uint64_t> ReportHandlers::ServedVersion() {
  if (models_ == nullptr) return 0;
  CLV_ASSIGN_OR_RETURN(const std::optional<storage::ScoringState> scoring, models_->Scoring());
  return scoring ? scoring->model_version : 0;
}

absl::StatusOr<v1::GetClvModelInfoResponse> ReportHandlers::GetClvModelInfo(
    const ReportCall& call, const v1::GetClvModelInfoRequest& asked) {
  v1::GetClvModelInfoRequest request = asked;
  CLV_RETURN_IF_ERROR(rpc::ApplyFixedParams(call.caller, &request));
  v1::GetClvModelInfoResponse response;
  response.mutable_context()->mutable_as_of()->set_seconds(clock_.NowSeconds());
  const absl::StatusOr<storage::StoredModels> models = FindModels(request.model_version());
  if (absl::IsNotFound(models.status())) return response;
  Count(models.status());
  CLV_RETURN_IF_ERROR(models.status());
  CLV_ASSIGN_OR_RETURN(const uint64_t served, ServedVersion());
  for (v1::ClvModelInfoRow& row : InfoRowsOf(*models, served == models->version)) {
    *response.add_rows() = std::move(row);
  }
  v1::ReportContext* context = response.mutable_context();
  context->mutable_as_of()->set_seconds(models->data_horizon_seconds);
  context->set_model_version(models->version);
  for (const std::string& warning : models->models.warnings) context->add_warnings(warning);
  return response;
}

absl::StatusOr<v1::GetModelResponse> ReportHandlers::GetModel(const v1::GetModelRequest& request) {
  CLV_ASSIGN_OR_RETURN(const storage::StoredModels models, FindModels(request.model_version()));
  CLV_ASSIGN_OR_RETURN(const uint64_t served, ServedVersion());
  v1::GetModelResponse response;
  CopyStoredModel(models, served == models.version, response.mutable_model());
  return response;
}

absl::StatusOr<v1::ListModelsResponse> ReportHandlers::ListModels(
    const v1::ListModelsRequest& request) {
  constexpr uint32_t kDefaultFits = 20;
  constexpr uint32_t kMostFits = 1000;
  const uint32_t limit = request.has_limit() ? request.limit() : kDefaultFits;
  if (limit < 1 || limit > kMostFits) {
    return rpc::FieldError("limit", std::to_string(limit), "1 to 1000");
  }
  v1::ListModelsResponse response;
  if (models_ == nullptr) return response;
  CLV_ASSIGN_OR_RETURN(const uint64_t served, ServedVersion());
  CLV_ASSIGN_OR_RETURN(const std::vector<storage::StoredModels> fits, models_->ListModels(limit));
  for (const storage::StoredModels& fit : fits) {
    CopyStoredModel(fit, served == fit.version, response.add_models());
  }
  return response;
}

absl::StatusOr<v1::GetBacktestResponse> ReportHandlers::GetBacktest(
    const v1::GetBacktestRequest& request) {
  CLV_ASSIGN_OR_RETURN(const storage::StoredModels models, FindModels(request.model_version()));
  if (!models.models.backtest) {
    return absl::NotFoundError(absl::StrCat("model_version: the history of fit ", models.version,
                                            " was too short for a backtest"));
  }
  v1::GetBacktestResponse response;
  response.set_model_version(models.version);
  response.set_family(ToProto(models.models.chosen));
  CopyBacktest(*models.models.backtest, response.mutable_backtest());
  return response;
}

}  // namespace clv::query
