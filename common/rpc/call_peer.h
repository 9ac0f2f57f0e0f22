// common/rpc/call_peer.h: the other side of a call, whichever way it came.
#ifndef CLV_COMMON_RPC_CALL_PEER_H_
#define CLV_COMMON_RPC_CALL_PEER_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>
#include <grpcpp/support/status.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace clv::rpc {

// Of one call that gRPC has received, or of a LocalCall. Valid until the call is finished; one
// thread at a time but for HasGivenUp.
class CallPeer {
 public:
  // `context`: what the service's method was given; must outlive the call.
  static std::shared_ptr<CallPeer> Of(grpc::CallbackServerContext* context);

  virtual ~CallPeer() = default;

  // First value of a metadata key (in lower case); empty when absent.
  virtual std::string Metadata(std::string_view key) const = 0;

  // The client's; max: it has none, as a year or more from now.
  virtual std::chrono::system_clock::time_point Deadline() const = 0;

  // The client gave up, or its deadline is over.
  virtual bool HasGivenUp() const = 0;

  // Sends a header with the answer; before the call is finished. `value`: printable ASCII.
  virtual void AddHeader(const std::string& key, const std::string& value) = 0;

  // What a unary method returns, null for a local one; then, once, its end.
  virtual grpc::ServerUnaryReactor* StartUnary() = 0;
  virtual void FinishUnary(grpc::Status status) = 0;
};

}  // namespace clv::rpc

#endif  // CLV_COMMON_RPC_CALL_PEER_H_
