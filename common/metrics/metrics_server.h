// common/metrics/metrics_server.h: serves a process's metrics to Prometheus.
#ifndef CLV_COMMON_METRICS_METRICS_SERVER_H_
#define CLV_COMMON_METRICS_METRICS_SERVER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/metrics/metrics.h"

namespace prometheus {
class Exposer;
}  // namespace prometheus

namespace clv::metrics {

// The registry of a process, with what the system knows of it, and `GET /metrics` over HTTP; or,
// without an address, nothing. Must outlive everything that counts.
//
// Example, in main():
//   flags.Add("metrics-address", &metrics_address, metrics::kMetricsAddressHelp);
//   ...
//   auto metrics = metrics::MetricsServer::Start({kProgram, metrics_address, allow_public});
//   if (!metrics.ok()) return BadConfiguration(kProgram, std::string(metrics.status().message()));
//   ... .metrics = (*metrics)->registry() ...
//   std::cout << "ready " << kProgram << (*metrics)->ready_word() << std::endl;
class MetricsServer {
 public:
  struct Options {
    std::string program;
    std::string address;        // `host:port` over IPv4, port 0: a free one; empty: serve nothing
    bool allow_public = false;  // listening beyond loopback is refused unless this is set
  };

  // INVALID_ARGUMENT for a malformed address or one beyond loopback, UNAVAILABLE when the address
  // is taken or not of this machine.
  static absl::StatusOr<std::unique_ptr<MetricsServer>> Start(const Options& options);

  // Answers no more; waits for the scrape that is under way. Takes up to two seconds, after which
  // the listener looks whether it shall end.
  ~MetricsServer();

  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;

  // Null when nothing is served.
  Registry* registry() const { return registry_.get(); }

  // Where it listens, with the port that was given to it; empty when nothing is served.
  const std::string& address() const { return address_; }

  // For the line that tells that the program is ready: ` metrics=127.0.0.1:40123`, or nothing.
  std::string ready_word() const;

 private:
  MetricsServer() = default;

  std::string address_;
  std::unique_ptr<Registry> registry_;
  std::unique_ptr<Collection> process_;
  std::unique_ptr<prometheus::Exposer> exposer_;
};

inline constexpr char kMetricsAddressHelp[] =
    "Where to serve metrics for Prometheus, at /metrics; port 0 picks a free one, empty: nowhere";

}  // namespace clv::metrics

#endif  // CLV_COMMON_METRICS_METRICS_SERVER_H_
