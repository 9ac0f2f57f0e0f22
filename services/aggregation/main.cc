// clv-aggregation: folds the event log of a data directory into `customer_clv`.
#include <chrono>
#include <cstdint>
#include <iostream>
#include <memory>
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
#include "services/aggregation/role.h"

namespace {

constexpr char kProgram[] = "clv-aggregation";
constexpr char kService[] = "clv.v1.AggregationService";

int Run(int argc, char** argv) {
  clv::DataDirectory directory;
  std::string address = "127.0.0.1:50052";
  std::string currency = "USD";
  std::string log_level = "info";
  std::string metrics_address;
  bool allow_public = false;
  uint64_t refit_growth_percent = 10;
  uint64_t refit_days = 7;
  uint64_t rate_limit_requests = 0;
  uint64_t rate_limit_bytes = 0;
  clv::Flags flags(kProgram,
                   "Folds the event log that clv-ingest writes into the customer_clv tables. One "
                   "process for each data directory; a second one ends with exit code 2.");
  flags.Required("data-dir", &directory.path,
                 "Directory shared by the processes of one installation");
  flags.Add("grpc-address", &address, "Where to serve gRPC; port 0 picks a free one");
  flags.Add("reporting-currency", &currency,
            "Currency of all numbers; a change computes every customer again");
  flags.Add("model-refit-growth", &refit_growth_percent,
            "Fit the prediction models again when there are so many percent more customers");
  flags.Add("model-refit-days", &refit_days,
            "Fit the prediction models again when the data have grown older by so many days");
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
  auto role = clv::aggregation::AggregationRole::Start(
      {.directory = directory,
       .reporting_currency = currency,
       .dispatch = {.authenticator = &authenticator,
                    .workers = &workers,
                    .limiter = &limiter,
                    .metrics = (*metrics)->registry()},
       .clock = &clv::SystemClock(),
       .refit = {.growth = static_cast<double>(refit_growth_percent) / 100,
                 .age_days = static_cast<uint32_t>(refit_days)}});
  if (!role.ok()) return clv::BadConfiguration(kProgram, std::string(role.status().message()));
  auto host = clv::rpc::ServerHost::Start({.address = address, .allow_public = allow_public},
                                          {(*role)->service()});
  if (!host.ok()) return clv::BadConfiguration(kProgram, std::string(host.status().message()));
  if (clv::rpc::WaitForInstallation(directory, tokens, signals, &authenticator)) {
    (*host)->SetServing(kService, true);
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
