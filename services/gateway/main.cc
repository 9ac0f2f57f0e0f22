// clv-gateway: the suite's gRPC services, or any others, as JSON over HTTP/1.1.
#include <chrono>
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/base/flags.h"
#include "common/base/log.h"
#include "common/base/process_setup.h"
#include "common/base/status_macros.h"
#include "common/metrics/metrics_server.h"
#include "common/rpc/server_host.h"
#include "common/rpc/signal_waiter.h"
#include "grpc/grpc.h"
#include "services/gateway/config.h"
#include "services/gateway/gateway.h"
#include "services/gateway/suite_options.h"

namespace {

using clv::gateway::Gateway;
using clv::gateway::GatewayConfig;
using clv::gateway::kAdminService;
using clv::gateway::kAggregationService;
using clv::gateway::kDataSourceService;
using clv::gateway::kIngestService;
using clv::gateway::kQueryService;
using clv::gateway::SuiteOptions;

constexpr char kProgram[] = "clv-gateway";

struct CommandLine {
  std::string config;
  std::string http_address = "127.0.0.1:8080";
  std::string ingest = "127.0.0.1:50051";
  std::string aggregation = "127.0.0.1:50052";
  std::string query = "127.0.0.1:50053";
  std::string tls_certificate;
  std::string tls_key;
  std::string log_level = "info";
  std::string metrics_address;
  std::vector<std::string> cors_origins;
  int64_t io_threads = 2;
  bool allow_public = false;
};

std::optional<int> Parse(int argc, char** argv, CommandLine& line) {
  clv::Flags flags(
      kProgram,
      "Serves the suite's gRPC services as REST: /v1 as plain proto JSON, /v0 as the events "
      "and pipes API. Routes come from the services' google.api.http rules. With --config it "
      "serves "
      "any other services instead.");
  flags.Add("config", &line.config,
            "YAML file that says what to serve: addresses, upstreams, and the options of Envoy's "
            "grpc_json_transcoder. Of the other flags only --allow-public, --log-level and "
            "--metrics-address count then");
  flags.Add("http-address", &line.http_address, "Where to serve HTTP/1.1; port 0 picks a free one");
  flags.Add("ingest", &line.ingest,
            "Address of clv-ingest (IngestService, AdminService, DataSourceService)");
  flags.Add("aggregation", &line.aggregation, "Address of clv-aggregation");
  flags.Add("query", &line.query, "Address of clv-query");
  flags.Add("tls-certificate", &line.tls_certificate,
            "PEM file of the certificate chain; with --tls-key HTTPS is served, TLS 1.2 or later");
  flags.Add("tls-key", &line.tls_key, "PEM file of its private key");
  flags.Add("cors-origin", &line.cors_origins,
            "Origin of web pages that may call the API from a browser, for example "
            "https://shop.example, or * for all; several by commas or by repeating the flag");
  flags.Add("io-threads", &line.io_threads, "Threads that serve connections, 1 to 64");
  flags.Add("metrics-address", &line.metrics_address, clv::metrics::kMetricsAddressHelp);
  flags.Add("allow-public", &line.allow_public, "Serve beyond loopback without TLS");
  flags.Add("log-level", &line.log_level, "trace, debug, info, warn, error or off");
  return flags.Parse(argc, argv);
}

absl::StatusOr<GatewayConfig> SuiteConfig(CommandLine line) {
  if (line.io_threads < 1 || line.io_threads > 64) {
    return absl::InvalidArgumentError("--io-threads: want 1 to 64");
  }
  if (line.tls_certificate.empty() != line.tls_key.empty()) {
    return absl::InvalidArgumentError("--tls-certificate and --tls-key: want both or neither");
  }
  GatewayConfig config;
  Gateway::Options& options = config.options;
  options = SuiteOptions(line.http_address);
  options.cors_origins = std::move(line.cors_origins);
  options.http.io_threads = static_cast<int>(line.io_threads);
  options.http.tls_certificate_chain_file = std::move(line.tls_certificate);
  options.http.tls_private_key_file = std::move(line.tls_key);
  options.upstreams.push_back({.services = {kIngestService, kAdminService, kDataSourceService},
                               .channel = nullptr,
                               .address = line.ingest});
  options.upstreams.push_back(
      {.services = {kAggregationService}, .channel = nullptr, .address = line.aggregation});
  options.upstreams.push_back(
      {.services = {kQueryService}, .channel = nullptr, .address = line.query});
  return config;
}

// Beyond loopback there is TLS, or somebody has said that none is wanted.
absl::Status CheckExposure(const GatewayConfig& config, const CommandLine& line) {
  const std::string& address = config.options.http.address;
  CLV_ASSIGN_OR_RETURN(const bool is_loopback, clv::rpc::IsLoopbackAddress(address));
  if (is_loopback || config.allow_public || line.allow_public ||
      !config.options.http.tls_certificate_chain_file.empty()) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      line.config.empty() ? "--http-address" : line.config + ": listen", ": ", address,
      " is not loopback and there is no TLS; say --allow-public to do it all the same"));
}

int Refuse(const absl::Status& status) {
  return clv::BadConfiguration(kProgram, std::string(status.message()));
}

int Run(int argc, char** argv) {
  CommandLine line;
  if (const std::optional<int> exit_code = Parse(argc, argv, line)) return *exit_code;
  absl::StatusOr<GatewayConfig> config =
      line.config.empty() ? SuiteConfig(line) : clv::gateway::ReadConfigFile(line.config);
  if (!config.ok()) return Refuse(config.status());
  if (const absl::Status safe = CheckExposure(*config, line); !safe.ok()) return Refuse(safe);

  clv::SetUpProcess();
  // Before gRPC starts threads, which would take the signals.
  clv::rpc::SignalWaiter signals;
  // Never undone: when the last channel goes, gRPC may wait ten seconds for the poller of a
  // connection that is closed long since.
  grpc_init();
  clv::StartLog(kProgram, line.log_level);
  auto metrics = clv::metrics::MetricsServer::Start(
      {.program = kProgram, .address = line.metrics_address, .allow_public = line.allow_public});
  if (!metrics.ok()) return Refuse(metrics.status());
  config->options.metrics = (*metrics)->registry();
  auto gateway = Gateway::Create(std::move(config->options));
  if (!gateway.ok()) return Refuse(gateway.status());
  std::cout << "ready " << kProgram << " http=" << (*gateway)->http_address()
            << (*metrics)->ready_word() << std::endl;
  signals.Wait();
  (*gateway)->Shutdown(std::chrono::steady_clock::now() + config->drain_timeout);
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return Run(argc, argv); }
