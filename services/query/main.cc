// clv-query: answers reports on a data directory.
#include <chrono>
#include <cstdint>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "common/base/clock.h"
#include "common/base/data_directory.h"
#include "common/base/flags.h"
#include "common/base/log.h"
#include "common/base/process_setup.h"
#include "common/metrics/metrics_server.h"
#include "common/rpc/authenticator.h"
#include "common/rpc/installation_wait.h"
#include "common/rpc/rate_limiter.h"
#include "common/rpc/server_host.h"
#include "common/rpc/signal_waiter.h"
#include "common/rpc/worker_pool.h"
#include "common/storage/sqlite/token_store.h"
#include "services/query/role.h"

namespace {

constexpr char kProgram[] = "clv-query";

// Waits until the aggregation has made its store; false when a signal came first.
bool WaitForStore(clv::storage::FoldProgress& progress, clv::rpc::SignalWaiter& signals) {
  while (!progress.FoldedPosition().ok()) {
    if (signals.WaitFor(std::chrono::milliseconds(50))) return false;
  }
  return true;
}

int Run(int argc, char** argv) {
  clv::DataDirectory directory;
  std::string address = "127.0.0.1:50053";
  std::string log_level = "info";
  std::string metrics_address;
  bool allow_public = false;
  uint64_t rate_limit_requests = 0;
  uint64_t rate_limit_bytes = 0;
  clv::Flags flags(
      kProgram,
      "Answers the seven reports from the databases that clv-aggregation and clv-ingest write. "
      "Opens everything read-only.");
  flags.Required("data-dir", &directory.path,
                 "Directory shared by the processes of one installation");
  flags.Add("grpc-address", &address, "Where to serve gRPC; port 0 picks a free one");
  flags.Add("metrics-address", &metrics_address, clv::metrics::kMetricsAddressHelp);
  flags.Add("rate-limit-requests", &rate_limit_requests,
            "Requests a second of every token that has no limit of its own; 0: no limit");
  flags.Add("rate-limit-bytes", &rate_limit_bytes,
            "Bytes of requests a second of every token that has no limit of its own; 0: no limit");
  flags.Add("allow-public", &allow_public, "Serve beyond loopback without TLS");
  flags.Add("log-level", &log_level, "trace, debug, info, warn, error or off");
  if (const std::optional<int> exit_code = flags.Parse(argc, argv)) return *exit_code;

  clv::SetUpProcess();
  clv::rpc::SignalWaiter signals;
  clv::StartLog(kProgram, log_level);
  auto metrics = clv::metrics::MetricsServer::Start(
      {.program = kProgram, .address = metrics_address, .allow_public = allow_public});
  if (!metrics.ok())
    return clv::BadConfiguration(kProgram, std::string(metrics.status().message()));
  if (absl::Status made = clv::EnsureDirectory(directory.path); !made.ok()) {
    return clv::BadConfiguration(kProgram, std::string(made.message()));
  }
  clv::storage::SqliteTokenReader tokens(directory.auth());
  clv::rpc::Authenticator authenticator(clv::rpc::Authenticator::Options{});
  clv::rpc::WorkerPool workers(clv::rpc::WorkerPool::Options{});
  clv::rpc::RateLimiter limiter({.requests_per_second = static_cast<double>(rate_limit_requests),
                                 .bytes_per_second = static_cast<double>(rate_limit_bytes)});
  clv::query::QueryRole role({.directory = directory,
                              .dispatch = {.authenticator = &authenticator,
                                           .workers = &workers,
                                           .limiter = &limiter,
                                           .metrics = (*metrics)->registry()},
                              .clock = &clv::SystemClock()});
  auto host = clv::rpc::ServerHost::Start({.address = address, .allow_public = allow_public},
                                          {role.service()});
  if (!host.ok()) return clv::BadConfiguration(kProgram, std::string(host.status().message()));
  if (clv::rpc::WaitForInstallation(directory, tokens, signals, &authenticator) &&
      WaitForStore(role.progress(), signals)) {
    (*host)->SetServing("clv.v1.QueryService", true);
    (*host)->SetServing("", true);
    std::cout << "ready " << kProgram << " grpc=" << (*host)->address() << (*metrics)->ready_word()
              << std::endl;
    signals.Wait();
  }
  (*host)->Drain(std::chrono::seconds(10));
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return Run(argc, argv); }
