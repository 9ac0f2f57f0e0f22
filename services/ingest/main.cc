// clv-ingest: takes customers, purchases and imported CLV records into the event log of a data
// directory.
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <chrono>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "common/base/clock.h"
#include "common/base/data_directory.h"
#include "common/base/flags.h"
#include "common/base/log.h"
#include "common/base/version.h"
#include "common/rpc/authenticator.h"
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
  bool allow_public = false;
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
  flags.Add("allow-public", &allow_public, "Serve beyond loopback without TLS");
  flags.Add("log-level", &log_level, "trace, debug, info, warn, error or off");
  if (const std::optional<int> exit_code = flags.Parse(argc, argv)) return *exit_code;

  clv::rpc::SignalWaiter signals;
  clv::StartLog(kProgram, log_level);
  if (absl::Status made = clv::EnsureDirectory(directory.path); !made.ok()) {
    return clv::BadConfiguration(kProgram, std::string(made.message()));
  }
  clv::rpc::Authenticator authenticator(clv::rpc::Authenticator::Options{});
  clv::rpc::WorkerPool workers(clv::rpc::WorkerPool::Options{});
  auto role = clv::ingest::IngestRole::Start(
      {.directory = directory,
       .log_retention = log_retention,
       .dispatch = {.authenticator = &authenticator, .workers = &workers},
       .clock = &clv::SystemClock(),
       .version = clv::Version()});
  if (!role.ok()) return clv::BadConfiguration(kProgram, std::string(role.status().message()));
  authenticator.Open((*role)->admin_token(), &(*role)->tokens());
  (*role)->Connect(ChannelTo(aggregation), ChannelTo(query));
  auto host = clv::rpc::ServerHost::Start({.address = address, .allow_public = allow_public},
                                          (*role)->services());
  if (!host.ok()) return clv::BadConfiguration(kProgram, std::string(host.status().message()));
  (*host)->SetServing("clv.v1.IngestService", true);
  (*host)->SetServing("clv.v1.AdminService", true);
  (*host)->SetServing("clv.v1.DataSourceService", true);
  (*host)->SetServing("", true);
  std::cout << (*role)->first_start_message();
  std::cout << "ready " << kProgram << " grpc=" << (*host)->address() << std::endl;
  signals.Wait();
  (*host)->Drain(std::chrono::seconds(10));
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return Run(argc, argv); }
