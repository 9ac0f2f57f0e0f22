// services/suite/suite.h: all roles in one process.
#ifndef CLV_SERVICES_SUITE_SUITE_H_
#define CLV_SERVICES_SUITE_SUITE_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/broadcast.h"
#include "common/base/clock.h"
#include "common/base/data_directory.h"
#include "common/base/demand.h"
#include "common/metrics/metrics.h"
#include "common/rpc/authenticator.h"
#include "common/rpc/rate_limiter.h"
#include "common/rpc/server_host.h"
#include "common/rpc/worker_pool.h"
#include "services/aggregation/role.h"
#include "services/gateway/gateway.h"
#include "services/ingest/role.h"
#include "services/query/role.h"

namespace clv::suite {

// A running suite. The roles share one gRPC server; the gateway reaches it without a socket, and
// what is called often without gRPC.
// Waiting for a fold is a condition variable here, where separate processes poll.
class Suite {
 public:
  struct Options {
    DataDirectory directory;
    std::string http_address = "127.0.0.1:8080";   // empty: no gateway
    std::string grpc_address = "127.0.0.1:50051";  // empty: reached through channel() only
    std::vector<std::string> cors_origins;         // as Gateway::Options has them
    std::string reporting_currency = "USD";
    std::string log_retention = "folded";  // or "all"
    bool allow_public = false;
    // Of every token that has none of its own, a second; 0: no limit.
    uint64_t rate_limit_requests = 0;
    uint64_t rate_limit_bytes = 0;
    // When prediction models are fitted again, see aggregation::RefitPolicy.
    uint64_t refit_growth_percent = 10;
    uint64_t refit_days = 7;
    const Clock* clock = &SystemClock();
    metrics::Registry* metrics = nullptr;  // must outlive the suite; null: nothing is counted
  };

  // Serves when it returns. Errors: those of the roles, the server and the gateway; another process
  // with one of the roles is FAILED_PRECONDITION.
  static absl::StatusOr<std::unique_ptr<Suite>> Start(const Options& options);

  // Drains with a grace of zero unless Drain was called.
  ~Suite();

  const std::string& http_address() const;
  const std::string& grpc_address() const { return host_->address(); }

  // The tokens that this start created, for standard output; empty when there were tokens before.
  const std::string& first_start_message() const { return ingest_->first_start_message(); }
  // As it was at the start.
  const std::string& admin_token() const { return ingest_->admin_token(); }

  // A channel to all services, without a socket.
  std::shared_ptr<grpc::Channel> channel() { return host_->InProcessChannel(); }

  // Takes no new requests, finishes the running ones, cancels what is left after `grace`.
  void Drain(std::chrono::milliseconds grace);

 private:
  explicit Suite(const Options& options);

  // Destroyed from the last to the first: the gateway, the server, the roles, what they share.
  Broadcast appended_;
  Broadcast folded_;
  Demand fold_awaited_;
  storage::ComingChanges coming_;
  rpc::Authenticator authenticator_;
  rpc::RateLimiter limiter_;
  std::unique_ptr<ingest::IngestRole> ingest_;
  std::unique_ptr<aggregation::AggregationRole> aggregation_;
  std::unique_ptr<query::QueryRole> query_;
  // Two pools: slow reports never take the threads that writes need.
  std::unique_ptr<rpc::WorkerPool> workers_;
  std::unique_ptr<rpc::WorkerPool> query_workers_;
  // What the gateway calls often.
  rpc::LocalMethods local_methods_{
      static_cast<size_t>(rpc::ServerHost::Options().max_receive_bytes)};
  std::unique_ptr<rpc::ServerHost> host_;
  std::unique_ptr<gateway::Gateway> gateway_;
};

}  // namespace clv::suite

#endif  // CLV_SERVICES_SUITE_SUITE_H_
