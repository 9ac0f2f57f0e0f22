// common/rpc/server_host.h: one gRPC server with health, reflection and drain.
#ifndef CLV_COMMON_RPC_SERVER_HOST_H_
#define CLV_COMMON_RPC_SERVER_HOST_H_

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace clv::rpc {

// A running server. Thread-safe. The services must outlive it.
//
// Example:
//   CLV_ASSIGN_OR_RETURN(auto host, ServerHost::Start({.address = "127.0.0.1:0"}, {&service}));
//   host->SetServing("clv.v1.QueryService", true);
//   ...
//   host->Drain(std::chrono::seconds(10));
class ServerHost {
 public:
  struct Options {
    // `host:port` or `unix:path`. Port 0 picks a free one. An empty text listens nowhere: the
    // server is then reached through InProcessChannel only.
    std::string address = "127.0.0.1:50051";
    // Greatest message taken, in bytes: a 16 MiB body and its wrapping.
    int max_receive_bytes = (16 << 20) + (64 << 10);
    // Listening beyond loopback without TLS is refused unless this is set.
    bool allow_public = false;
    // Whether reflection lists and describes the services.
    bool reflection = true;
  };

  // Builds and starts the server; to the health service it is NOT_SERVING and its services are
  // unknown until SetServing. INVALID_ARGUMENT for a malformed address or one beyond loopback
  // without `allow_public`, UNAVAILABLE when the address is taken.
  static absl::StatusOr<std::unique_ptr<ServerHost>> Start(
      const Options& options, const std::vector<grpc::Service*>& services);

  // Drains with a grace of zero unless Drain was called.
  ~ServerHost();

  ServerHost(const ServerHost&) = delete;
  ServerHost& operator=(const ServerHost&) = delete;

  // Where the server listens, with the port that was given to it: `127.0.0.1:40123`. Empty without
  // a listener.
  const std::string& address() const { return address_; }

  // 0 without a TCP listener.
  int port() const { return port_; }

  // A channel within the process, without a socket and without limits on what is received.
  std::shared_ptr<grpc::Channel> InProcessChannel();

  // What the health service answers for a service's full name (`clv.v1.QueryService`), and for the
  // whole server (the empty name).
  void SetServing(const std::string& service, bool serving);

  // Answers NOT_SERVING, takes no new calls, waits for the running ones, and cancels those that are
  // left after `grace`. Calling it again does nothing.
  void Drain(std::chrono::milliseconds grace);

 private:
  ServerHost() = default;

  std::unique_ptr<grpc::Server> server_;
  std::string address_;
  int port_ = 0;
  std::once_flag drained_;
};

// Whether an address `host:port` or `unix:path` can be reached from this machine only.
// INVALID_ARGUMENT for a malformed address.
absl::StatusOr<bool> IsLoopbackAddress(const std::string& address);

}  // namespace clv::rpc

#endif  // CLV_COMMON_RPC_SERVER_HOST_H_
