// clv-gateway: the suite's gRPC services as JSON over HTTP/1.1.
#include <chrono>
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "clv/v1/admin_service.pb.h"
#include "clv/v1/aggregation_service.pb.h"
#include "clv/v1/data_source_service.pb.h"
#include "clv/v1/ingest_service.pb.h"
#include "clv/v1/query_service.pb.h"
#include "common/base/flags.h"
#include "common/base/log.h"
#include "common/base/process_memory.h"
#include "common/metrics/metrics_server.h"
#include "common/rpc/server_host.h"
#include "common/rpc/signal_waiter.h"
#include "services/gateway/gateway.h"
#include "services/gateway/suite_options.h"

namespace {

constexpr char kProgram[] = "clv-gateway";

// The gateway finds the services in the linked descriptors; this keeps the linker from leaving them
// out.
void LinkDescriptors() {
  clv::v1::GetStatusRequest::descriptor();
  clv::v1::GetJobRequest::descriptor();
  clv::v1::AppendEventsRequest::descriptor();
  clv::v1::AppendFileRequest::descriptor();
  clv::v1::QueryPipeRequest::descriptor();
}

int Run(int argc, char** argv) {
  std::string http_address = "127.0.0.1:8080";
  std::string ingest = "127.0.0.1:50051";
  std::string aggregation = "127.0.0.1:50052";
  std::string query = "127.0.0.1:50053";
  std::string log_level = "info";
  std::string metrics_address;
  std::vector<std::string> cors_origins;
  int64_t io_threads = 2;
  bool allow_public = false;
  clv::Flags flags(
      kProgram,
      "Serves the suite's gRPC services as REST: /v1 as plain proto JSON, /v0 as the events "
      "and pipes API. Routes come from the services' google.api.http rules.");
  flags.Add("http-address", &http_address, "Where to serve HTTP/1.1; port 0 picks a free one");
  flags.Add("ingest", &ingest,
            "Address of clv-ingest (IngestService, AdminService, DataSourceService)");
  flags.Add("aggregation", &aggregation, "Address of clv-aggregation");
  flags.Add("query", &query, "Address of clv-query");
  flags.Add("cors-origin", &cors_origins,
            "Origin of web pages that may call the API from a browser, for example "
            "https://shop.example, or * for all; several by commas or by repeating the flag");
  flags.Add("io-threads", &io_threads, "Threads that serve connections, 1 to 64");
  flags.Add("metrics-address", &metrics_address, clv::metrics::kMetricsAddressHelp);
  flags.Add("allow-public", &allow_public, "Serve beyond loopback without TLS");
  flags.Add("log-level", &log_level, "trace, debug, info, warn, error or off");
  if (const std::optional<int> exit_code = flags.Parse(argc, argv)) return *exit_code;
  if (io_threads < 1 || io_threads > 64) {
    return clv::BadConfiguration(kProgram, "--io-threads: want 1 to 64");
  }
  const absl::StatusOr<bool> is_loopback = clv::rpc::IsLoopbackAddress(http_address);
  if (!is_loopback.ok()) {
    return clv::BadConfiguration(kProgram, std::string(is_loopback.status().message()));
  }
  if (!*is_loopback && !allow_public) {
    return clv::BadConfiguration(
        kProgram,
        "--http-address: " + http_address +
            " is not loopback and there is no TLS; say --allow-public to do it all the same");
  }

  clv::KeepFreedMemory();
  clv::rpc::SignalWaiter signals;
  clv::StartLog(kProgram, log_level);
  auto metrics = clv::metrics::MetricsServer::Start(
      {.program = kProgram, .address = metrics_address, .allow_public = allow_public});
  if (!metrics.ok())
    return clv::BadConfiguration(kProgram, std::string(metrics.status().message()));
  LinkDescriptors();
  using namespace clv::gateway;  // NOLINT: names of this program's only library
  Gateway::Options options = SuiteOptions(http_address);
  options.cors_origins = std::move(cors_origins);
  options.http.io_threads = static_cast<int>(io_threads);
  options.metrics = (*metrics)->registry();
  options.upstreams.push_back({.services = {kIngestService, kAdminService, kDataSourceService},
                               .channel = nullptr,
                               .address = ingest});
  options.upstreams.push_back(
      {.services = {kAggregationService}, .channel = nullptr, .address = aggregation});
  options.upstreams.push_back({.services = {kQueryService}, .channel = nullptr, .address = query});
  auto gateway = Gateway::Create(std::move(options));
  if (!gateway.ok())
    return clv::BadConfiguration(kProgram, std::string(gateway.status().message()));
  std::cout << "ready " << kProgram << " http=" << (*gateway)->http_address()
            << (*metrics)->ready_word() << std::endl;
  signals.Wait();
  (*gateway)->Shutdown(std::chrono::steady_clock::now() + std::chrono::seconds(10));
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return Run(argc, argv); }
