#include "common/metrics/metrics_server.h"

#include <prometheus/exposer.h>

#include <exception>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/metrics/process_metrics.h"
#include "common/rpc/server_host.h"

namespace clv::metrics {
namespace {

constexpr char kThreads[] = "2";
// A client that sends nothing must not keep a thread.
constexpr char kRequestTimeoutMillis[] = "10000";

absl::Status CheckAddress(const MetricsServer::Options& options) {
  const absl::StatusOr<bool> is_loopback = rpc::IsLoopbackAddress(options.address);
  if (!is_loopback.ok() || options.address.starts_with("unix:")) {
    return absl::InvalidArgumentError(
        absl::StrCat("--metrics-address: got \"", options.address, "\", want host:port"));
  }
  if (!*is_loopback && !options.allow_public) {
    return absl::InvalidArgumentError(
        absl::StrCat("--metrics-address: ", options.address,
                     " is not loopback and there is no TLS; say --allow-public to do it all the "
                     "same"));
  }
  if (options.address.starts_with('[')) {
    return absl::InvalidArgumentError(absl::StrCat("--metrics-address: got ", options.address,
                                                   ", want an IPv4 address; metrics are not served "
                                                   "over IPv6"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<MetricsServer>> MetricsServer::Start(const Options& options) {
  std::unique_ptr<MetricsServer> server(new MetricsServer());
  if (options.address.empty()) return server;
  CLV_RETURN_IF_ERROR(CheckAddress(options));
  server->registry_ = std::make_unique<Registry>();
  server->process_ = CollectProcessMetrics(server->registry_.get(), options.program);
  try {
    server->exposer_ = std::make_unique<prometheus::Exposer>(
        std::vector<std::string>{"listening_ports", options.address, "num_threads", kThreads,
                                 "request_timeout_ms", kRequestTimeoutMillis});
  } catch (const std::exception&) {
    // Its text speaks of null contexts.
    return absl::UnavailableError(
        absl::StrCat("--metrics-address: cannot listen on ", options.address,
                     ": the address is taken, or not one of this machine"));
  }
  server->exposer_->RegisterCollectable(server->registry_->collectable(), "/metrics");
  server->address_ = absl::StrCat(options.address.substr(0, options.address.rfind(':')), ":",
                                  server->exposer_->GetListeningPorts().front());
  return server;
}

MetricsServer::~MetricsServer() = default;

std::string MetricsServer::ready_word() const {
  return address_.empty() ? "" : absl::StrCat(" metrics=", address_);
}

}  // namespace clv::metrics
