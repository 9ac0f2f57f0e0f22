#include "services/gateway/gateway_metrics.h"

#include <optional>
#include <string>

#include "common/metrics/catalogue.h"
#include "services/gateway/request_target.h"

namespace clv::gateway {
namespace {

constexpr metrics::RequestMetrics::Kind kRequests{metrics::kGatewayRequests,
                                                  metrics::kGatewayRequestDuration};

}  // namespace

GatewayMetrics::GatewayMetrics(metrics::Registry* registry, const Transcoder& transcoder)
    : registry_(registry), transcoder_(transcoder), without_rule_(registry, kRequests, {"(none)"}) {
  for (const auto& rule : transcoder.rules()) {
    by_rule_[rule.get()] = std::make_unique<metrics::RequestMetrics>(
        registry, kRequests, metrics::LabelValues{rule->pattern});
  }
}

void GatewayMetrics::Count(const AccessRecord& record) {
  if (registry_ == nullptr) return;
  metrics::RequestMetrics* requests = &without_rule_;
  // Matching again costs less than a microsecond, and keeps the server ignorant of rules.
  if (const std::optional<std::string> target = OriginForm(record.target)) {
    if (const auto match = transcoder_.Find(record.method, *target)) {
      requests = by_rule_.at(match->rule).get();
    }
  }
  requests->Count(std::to_string(record.status), record.duration);
}

void GatewayMetrics::Watch(const HttpServer& server) {
  connections_ = metrics::CollectInto(registry_, "gateway", [&server](metrics::Scrape& scrape) {
    const HttpServer::Traffic traffic = server.traffic();
    scrape.Add(metrics::kGatewayOpenConnections, {}, traffic.open_connections);
    scrape.Add(metrics::kGatewayRefusedConnections, {},
               static_cast<double>(traffic.refused_connections));
    scrape.Add(metrics::kGatewayReceivedBytes, {}, static_cast<double>(traffic.received_bytes));
    scrape.Add(metrics::kGatewaySentBytes, {}, static_cast<double>(traffic.sent_bytes));
    return absl::OkStatus();
  });
}

}  // namespace clv::gateway
