// services/gateway/gateway_metrics.h: what the gateway counts.
#ifndef CLV_SERVICES_GATEWAY_GATEWAY_METRICS_H_
#define CLV_SERVICES_GATEWAY_GATEWAY_METRICS_H_

#include <memory>
#include <unordered_map>

#include "common/metrics/metrics.h"
#include "common/metrics/request_metrics.h"
#include "services/gateway/http_server.h"
#include "services/gateway/transcoder.h"

namespace clv::gateway {

// Counts requests by the rule that they matched, so that no text of a client becomes a label.
// Thread-safe.
class GatewayMetrics {
 public:
  // `registry`: null (nothing is counted), or outlives this object. `transcoder` outlives it.
  GatewayMetrics(metrics::Registry* registry, const Transcoder& transcoder);

  // Counts an answered request.
  void Count(const AccessRecord& record);

  // Collects the counts of `server` until it is called with another, or this object ends.
  void Watch(const HttpServer& server);

 private:
  metrics::Registry* const registry_;
  const Transcoder& transcoder_;
  metrics::RequestMetrics without_rule_;
  std::unordered_map<const HttpRule*, std::unique_ptr<metrics::RequestMetrics>> by_rule_;
  std::unique_ptr<metrics::Collection> connections_;
};

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_GATEWAY_METRICS_H_
