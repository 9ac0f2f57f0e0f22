#include "common/rpc/call_metrics.h"

#include <google/protobuf/descriptor.h>

#include "common/metrics/catalogue.h"

namespace clv::rpc {

MethodMetrics::MethodMetrics(metrics::Registry* registry, const std::string& service,
                             const std::string& method)
    : requests_(registry, {metrics::kRpcRequests, metrics::kRpcRequestDuration}, {service, method}),
      by_http_status_(registry, metrics::kRpcV0Requests, {service, method}) {}

void MethodMetrics::Count(absl::StatusCode code, std::optional<int> http_status,
                          std::chrono::steady_clock::time_point began) {
  requests_.Count(absl::StatusCodeToString(code), std::chrono::steady_clock::now() - began);
  if (http_status) by_http_status_.Add(std::to_string(*http_status));
}

CallMetrics::CallMetrics(metrics::Registry* registry, const std::string& service) {
  const auto* descriptor =
      google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(service);
  if (descriptor == nullptr || registry == nullptr) return;
  for (int i = 0; i < descriptor->method_count(); ++i) {
    const std::string& method = descriptor->method(i)->name();
    methods_[method] = std::make_unique<MethodMetrics>(registry, service, method);
  }
}

MethodMetrics* CallMetrics::Find(const std::string& method) const {
  const auto found = methods_.find(method);
  return found == methods_.end() ? nullptr : found->second.get();
}

}  // namespace clv::rpc
