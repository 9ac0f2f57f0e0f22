// services/query/request_rules.h: from typed requests to the queries of the storage contract.
//
// Every function checks all parameters; the first bad one is an INVALID_ARGUMENT that names the
// parameter, what was got and what is wanted.
#ifndef CLV_SERVICES_QUERY_REQUEST_RULES_H_
#define CLV_SERVICES_QUERY_REQUEST_RULES_H_

#include <google/protobuf/repeated_ptr_field.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "clv/v1/query_service.pb.h"
#include "common/storage/reports.h"

namespace clv::query {

inline constexpr uint32_t kMaxLimit = 100'000;

// When a request is answered, and until when.
struct RequestTime {
  int64_t now_seconds = 0;
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
};

// The values of a filter: each value as a whole, then its parts between commas, trimmed; without
// empty ones and repetitions. INVALID_ARGUMENT for more than 10,000.
absl::StatusOr<std::vector<std::string>> ExpandFilter(
    const std::string& field, const google::protobuf::RepeatedPtrField<std::string>& values);

// The rows that `limit`, `page` and `page_size` ask for; without any of them the first
// `default_limit`, or all. The range has a limit exactly where the answer states
// `rows_before_limit_at_least`.
absl::StatusOr<storage::RowRange> MakeRange(std::optional<uint32_t> limit,
                                            std::optional<uint32_t> page,
                                            std::optional<uint32_t> page_size,
                                            std::optional<uint32_t> default_limit);

absl::StatusOr<storage::RetentionQuery> ToQuery(const v1::GetCustomerRetentionRequest& request,
                                                const RequestTime& time);
absl::StatusOr<storage::SegmentQuery> ToQuery(const v1::GetClvBySegmentRequest& request,
                                              const RequestTime& time);
absl::StatusOr<storage::SegmentQuery> ToQuery(const v1::GetClvByAcquisitionSourceRequest& request,
                                              const RequestTime& time);
absl::StatusOr<storage::PredictionQuery> ToQuery(const v1::GetClvPredictionRequest& request,
                                                 const RequestTime& time);
absl::StatusOr<storage::CustomerValueQuery> ToQuery(const v1::GetTotalCustomerValueRequest& request,
                                                    const RequestTime& time);

// UNSPECIFIED is the default view resp. level; an unknown number is refused. `buckets` is empty for
// the view order_number.
absl::StatusOr<storage::FrequencyQuery> ToQuery(
    const v1::GetPurchaseFrequencyAnalysisRequest& request, const RequestTime& time);
absl::StatusOr<storage::SegmentationQuery> ToQuery(
    const v1::GetCustomerSegmentationRequest& request, const RequestTime& time);

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_REQUEST_RULES_H_
