// services/query/report_handlers.h: the typed reports, without transport.
#ifndef CLV_SERVICES_QUERY_REPORT_HANDLERS_H_
#define CLV_SERVICES_QUERY_REPORT_HANDLERS_H_

#include <google/protobuf/repeated_ptr_field.h>

#include <atomic>
#include <chrono>
#include <cstdint>

#include "absl/status/statusor.h"
#include "clv/v1/query_service.pb.h"
#include "common/base/clock.h"
#include "common/rpc/scopes.h"
#include "common/storage/model_store.h"
#include "common/storage/reports.h"
#include "common/storage/storage.h"
#include "services/query/request_rules.h"

namespace clv::query {

// Who asks for a report, and until when it is wanted.
struct ReportCall {
  const rpc::Caller& caller;
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
};

// Checks requests, asks the backend, and makes responses. Whether the caller may read a report is
// checked before. The parameters that the caller's token fixes are applied here, for every face:
// PERMISSION_DENIED when they cannot be. Errors: INVALID_ARGUMENT for a bad parameter,
// DEADLINE_EXCEEDED, UNAVAILABLE while there is no store. Thread-safe; what it refers to must
// outlive it.
class ReportHandlers {
 public:
  // `models`: null where there are none, and no fit is ever found.
  ReportHandlers(storage::Reports& reports, storage::QuarantineReader& quarantine,
                 const Clock& clock, storage::ModelReader* models = nullptr);

  absl::StatusOr<v1::GetCustomerRetentionResponse> GetCustomerRetention(
      const ReportCall& call, const v1::GetCustomerRetentionRequest& request);
  absl::StatusOr<v1::GetClvBySegmentResponse> GetClvBySegment(
      const ReportCall& call, const v1::GetClvBySegmentRequest& request);
  absl::StatusOr<v1::GetClvByAcquisitionSourceResponse> GetClvByAcquisitionSource(
      const ReportCall& call, const v1::GetClvByAcquisitionSourceRequest& request);
  absl::StatusOr<v1::GetPurchaseFrequencyAnalysisResponse> GetPurchaseFrequencyAnalysis(
      const ReportCall& call, const v1::GetPurchaseFrequencyAnalysisRequest& request);
  absl::StatusOr<v1::GetClvPredictionResponse> GetClvPrediction(
      const ReportCall& call, const v1::GetClvPredictionRequest& request);
  absl::StatusOr<v1::GetCustomerSegmentationResponse> GetCustomerSegmentation(
      const ReportCall& call, const v1::GetCustomerSegmentationRequest& request);

  // Masks e-mails unless the caller may read the data source `customers`.
  absl::StatusOr<v1::GetTotalCustomerValueResponse> GetTotalCustomerValue(
      const ReportCall& call, const v1::GetTotalCustomerValueRequest& request);

  absl::StatusOr<v1::GetClvModelInfoResponse> GetClvModelInfo(
      const ReportCall& call, const v1::GetClvModelInfoRequest& request);
  // NOT_FOUND without the fit, or without its backtest.
  absl::StatusOr<v1::GetModelResponse> GetModel(const v1::GetModelRequest& request);
  absl::StatusOr<v1::ListModelsResponse> ListModels(const v1::ListModelsRequest& request);
  absl::StatusOr<v1::GetBacktestResponse> GetBacktest(const v1::GetBacktestRequest& request);

  // NOT_FOUND for an unknown data source, PERMISSION_DENIED for a caller that may neither append to
  // nor read it.
  absl::StatusOr<v1::ListQuarantinedRowsResponse> ListQuarantinedRows(
      const ReportCall& call, const v1::ListQuarantinedRowsRequest& request);

  // Reports answered, and those that failed through no fault of the request, since this object was
  // made.
  uint64_t answered() const { return answered_; }
  uint64_t failed() const { return failed_; }

  const Clock& clock() const { return clock_; }

 private:
  RequestTime TimeOf(const ReportCall& call) const;
  void Count(const absl::Status& status);

  // NOT_FOUND when there is none; 0: the newest.
  absl::StatusOr<storage::StoredModels> FindModels(uint64_t version);
  // The version that answers by default; 0: none does.
  absl::StatusOr<uint64_t> ServedVersion();

  // The response to a report whose rows go into the field behind `rows`.
  template <typename Response, typename Report, typename RowMessage>
  absl::StatusOr<Response> Answer(
      const absl::StatusOr<Report>& report, const storage::RowRange& range,
      google::protobuf::RepeatedPtrField<RowMessage>* (Response::*rows)());

  storage::Reports& reports_;
  storage::QuarantineReader& quarantine_;
  const Clock& clock_;
  storage::ModelReader* const models_;
  std::atomic<uint64_t> answered_ = 0;
  std::atomic<uint64_t> failed_ = 0;
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_REPORT_HANDLERS_H_
