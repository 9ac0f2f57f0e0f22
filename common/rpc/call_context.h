// common/rpc/call_context.h: what a handler knows about its call.
#ifndef CLV_COMMON_RPC_CALL_CONTEXT_H_
#define CLV_COMMON_RPC_CALL_CONTEXT_H_

#include <google/protobuf/message.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "common/rpc/call_peer.h"
#include "common/rpc/scopes.h"
#include "common/rpc/v0_parameters.h"

namespace clv::rpc {

class MethodMetrics;

// One admitted call. Valid until the call is finished; one thread at a time.
class CallContext {
 public:
  CallContext(std::shared_ptr<CallPeer> peer, std::string method);

  CallContext(const CallContext&) = delete;
  CallContext& operator=(const CallContext&) = delete;

  // Full name: `clv.v1.QueryService/GetClvBySegment`.
  const std::string& method() const { return method_; }

  const Caller& caller() const { return caller_; }

  // OK when the caller may, else PERMISSION_DENIED with the scopes in the message.
  absl::Status RequireAnyOf(const std::vector<std::string>& scopes) const;

  // The client's deadline, or the imposed one; time_point::max() for a stream without one.
  std::chrono::steady_clock::time_point deadline() const { return deadline_; }

  // The client gave up, or its deadline is over.
  bool IsCancelled() const { return peer_->HasGivenUp(); }

  // The client's `x-request-id` where it is sane, else a random one; names the call in the log.
  const std::string& request_id() const { return request_id_; }

  // Path and query of the HTTP request; empty for a call that came as gRPC.
  const std::string& original_path() const { return original_path_; }

  // Metadata `content-encoding` in lower case; empty: the body is plain.
  const std::string& content_encoding() const { return content_encoding_; }

  // Parameters of a /v0 call.
  const V0Parameters& parameters() const { return parameters_; }

  // First value of a metadata key (in lower case); empty when absent.
  std::string Metadata(std::string_view key) const { return peer_->Metadata(key); }

  // Sends a header with the answer; before the call is finished. `value`: printable ASCII.
  void AddInitialMetadata(const std::string& key, const std::string& value) {
    peer_->AddHeader(key, value);
  }

 private:
  friend class Dispatcher;

  const std::shared_ptr<CallPeer> peer_;
  std::string method_;
  Caller caller_;
  std::chrono::steady_clock::time_point deadline_;
  std::string request_id_;
  std::string original_path_;
  std::string content_encoding_;
  V0Parameters parameters_;
  const google::protobuf::Message* request_ = nullptr;  // its size counts; null: not at all
  bool had_message_ = false;                            // a stream was charged for a message
  MethodMetrics* metrics_ = nullptr;                    // null: the call is not counted
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

}  // namespace clv::rpc

#endif  // CLV_COMMON_RPC_CALL_CONTEXT_H_
