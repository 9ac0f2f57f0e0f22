// clv-ingest: takes customers, purchases and imported CLV records into the event log of a data
// directory.
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

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
#include "common/base/version.h"
#include "common/metrics/metrics_server.h"
#include "common/rpc/authenticator.h"
#include "common/rpc/rate_limiter.h"
#include "common/rpc/server_host.h"
#include "common/rpc/signal_waiter.h"
#include "common/rpc/worker_pool.h"
#include "services/ingest/role.h"

namespace {

constexpr char kProgram[] = "clv-ingest";

std::shared_ptr<grpc::Channel> ChannelTo(const std::string& address) {
  if (address.empty()) return nullptr;
  return grpc::CreateChannel(address, grpc::InsecureChannelCredentials());
}

int Run(int argc, char** argv) {
  clv::DataDirectory directory;
  std::string address = "127.0.0.1:50051";
  std::string aggregation;
  std::string query;
  std::string log_retention = "folded";
  std::string log_level = "info";
  std::string metrics_address;
  bool allow_public = false;
  uint64_t rate_limit_requests = 0;
  uint64_t rate_limit_bytes = 0;
  clv::Flags flags(
      kProgram,
      "Takes customers, purchases and imported CLV records into the event log, and administers "
      "tokens. One process for each data directory; a second one ends with exit code 2. The "
      "environment variable CLV_ADMIN_TOKEN sets the admin token; otherwise one is made at the "
      "first start.");
  flags.Required("data-dir", &directory.path,
                 "Directory shared by the processes of one installation");
  flags.Add("grpc-address", &address, "Where to serve gRPC; port 0 picks a free one");
  flags.Add("aggregation", &aggregation,
            "Address of clv-aggregation, asked for its state and its jobs");
  flags.Add("query", &query, "Address of clv-query, asked by GetStatus");
  flags.Choice("log-retention", &log_retention, {"folded", "all"},
               "What the event log keeps: what is not folded yet, or everything");
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
  clv::rpc::Authenticator authenticator(clv::rpc::Authenticator::Options{});
  clv::rpc::WorkerPool workers(clv::rpc::WorkerPool::Options{});
  clv::rpc::RateLimiter limiter({.requests_per_second = static_cast<double>(rate_limit_requests),
                                 .bytes_per_second = static_cast<double>(rate_limit_bytes)});
  auto role = clv::ingest::IngestRole::Start({.directory = directory,
                                              .log_retention = log_retention,
                                              .dispatch = {.authenticator = &authenticator,
                                                           .workers = &workers,
                                                           .limiter = &limiter,
                                                           .metrics = (*metrics)->registry()},
                                              .clock = &clv::SystemClock(),
                                              .version = clv::Version()});
  if (!role.ok()) return clv::BadConfiguration(kProgram, std::string(role.status().message()));
  authenticator.Open([directory] { return clv::FindAdminToken(directory); }, &(*role)->tokens());
  (*role)->Connect(ChannelTo(aggregation), ChannelTo(query));
  auto host = clv::rpc::ServerHost::Start({.address = address, .allow_public = allow_public},
                                          (*role)->services());
  if (!host.ok()) return clv::BadConfiguration(kProgram, std::string(host.status().message()));
  (*host)->SetServing("clv.v1.IngestService", true);
  (*host)->SetServing("clv.v1.AdminService", true);
  (*host)->SetServing("clv.v1.DataSourceService", true);
  (*host)->SetServing("", true);
  std::cout << (*role)->first_start_message();
  std::cout << "ready " << kProgram << " grpc=" << (*host)->address() << (*metrics)->ready_word()
            << std::endl;
  signals.Wait();
  (*host)->Drain(std::chrono::seconds(10));
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return Run(argc, argv); }
