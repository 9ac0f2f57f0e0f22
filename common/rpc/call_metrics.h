// common/rpc/call_metrics.h: counting the calls of one service by how they end.
#ifndef CLV_COMMON_RPC_CALL_METRICS_H_
#define CLV_COMMON_RPC_CALL_METRICS_H_

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "common/metrics/metrics.h"
#include "common/metrics/request_metrics.h"

namespace clv::rpc {

// The calls of one method. Thread-safe.
class MethodMetrics {
 public:
  MethodMetrics(metrics::Registry* registry, const std::string& service, const std::string& method);

  // Counts a call that began at `began` and ends now. `http_status`: of a call of the /v0 face.
  void Count(absl::StatusCode code, std::optional<int> http_status,
             std::chrono::steady_clock::time_point began);

 private:
  metrics::RequestMetrics requests_;
  metrics::CounterByLabel by_http_status_;
};

// The calls of one service. Immutable; what it gives is thread-safe.
class CallMetrics {
 public:
  // `service`: full name, linked into the program; an unknown one has no methods. `registry`: null
  // (nothing is counted), or outlives this object.
  CallMetrics(metrics::Registry* registry, const std::string& service);

  // Null for a method that the service does not have: no label is made of what is not in the proto.
  MethodMetrics* Find(const std::string& method) const;

 private:
  std::map<std::string, std::unique_ptr<MethodMetrics>> methods_;
};

}  // namespace clv::rpc

#endif  // CLV_COMMON_RPC_CALL_METRICS_H_
