// clv-suite: ingest, aggregation, query and gateway in one process, with nothing to configure.
#include <chrono>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "common/base/broadcast.h"
#include "common/base/clock.h"
#include "common/base/data_directory.h"
#include "common/base/flags.h"
#include "common/base/log.h"
#include "common/base/process_setup.h"
#include "common/base/status_macros.h"
#include "common/metrics/metrics_server.h"
#include "common/rpc/signal_waiter.h"
#include "services/suite/suite.h"

namespace {

constexpr char kProgram[] = "clv-suite";

int Run(int argc, char** argv) {
  clv::suite::Suite::Options options;
  std::string log_level = "info";
  std::string metrics_address;
  clv::Flags flags(
      kProgram,
      "Customer lifetime value analytics in one process: takes customers and purchases, keeps "
      "every customer's value current, and answers reports by gRPC and REST. The environment "
      "variable CLV_ADMIN_TOKEN sets the admin token; otherwise one is made at the first start.");
  flags.Required("data-dir", &options.directory.path,
                 "Directory of the databases; made if it is not there");
  flags.Add("http-address", &options.http_address, "Where to serve REST; port 0 picks a free one");
  flags.Add("grpc-address", &options.grpc_address, "Where to serve gRPC; port 0 picks a free one");
  flags.Add("cors-origin", &options.cors_origins,
            "Origin of web pages that may call the API from a browser, for example "
            "https://shop.example, or * for all; several by commas or by repeating the flag");
  flags.Add("reporting-currency", &options.reporting_currency,
            "Currency of all numbers; a change computes every customer again");
  flags.Choice("log-retention", &options.log_retention, {"folded", "all"},
               "What the event log keeps: what is not folded yet, or everything");
  flags.Add("model-refit-growth", &options.refit_growth_percent,
            "Fit the prediction models again when there are so many percent more customers");
  flags.Add("model-refit-days", &options.refit_days,
            "Fit the prediction models again when the data have grown older by so many days");
  flags.Add("metrics-address", &metrics_address, clv::metrics::kMetricsAddressHelp);
  flags.Add("rate-limit-requests", &options.rate_limit_requests,
            "Requests a second of every token that has no limit of its own; 0: no limit");
  flags.Add("rate-limit-bytes", &options.rate_limit_bytes,
            "Bytes of requests a second of every token that has no limit of its own; 0: no limit");
  flags.Add("allow-public", &options.allow_public, "Serve beyond loopback without TLS");
  flags.Add("log-level", &log_level, "trace, debug, info, warn, error or off");
  if (const std::optional<int> exit_code = flags.Parse(argc, argv)) return *exit_code;

  clv::SetUpProcess();
  clv::rpc::SignalWaiter signals;
  clv::StartLog(kProgram, log_level);
  auto metrics = clv::metrics::MetricsServer::Start(
      {.program = kProgram, .address = metrics_address, .allow_public = options.allow_public});
  if (!metrics.ok())
    return clv::BadConfiguration(kProgram, std::string(metrics.status().message()));
  options.metrics = (*metrics)->registry();
  auto suite = clv::suite::Suite::Start(options);
  if (!suite.ok()) return clv::BadConfiguration(kProgram, std::string(suite.status().message()));
  std::cout << (*suite)->first_start_message();
  std::cout << "ready " << kProgram << " http=" << (*suite)->http_address()
            << " grpc=" << (*suite)->grpc_address() << (*metrics)->ready_word() << std::endl;
  signals.Wait();
  (*suite)->Drain(std::chrono::seconds(10));
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return Run(argc, argv); }
