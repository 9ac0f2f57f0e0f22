// common/rpc/local_call.h: a unary call of a caller in the same process, without a transport in
// between.
#ifndef CLV_COMMON_RPC_LOCAL_CALL_H_
#define CLV_COMMON_RPC_LOCAL_CALL_H_

#include <google/protobuf/message.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/rpc/call_peer.h"

namespace clv::rpc {

// By name, in lower case; values of `-bin` names are bytes.
using LocalMetadata = std::vector<std::pair<std::string, std::string>>;

struct LocalRequest {
  LocalMetadata metadata;
  grpc::ByteBuffer message;
  std::chrono::system_clock::time_point deadline = std::chrono::system_clock::time_point::max();
};

struct LocalReply {
  grpc::Status status;
  LocalMetadata metadata;    // the initial ones; there are no others
  grpc::ByteBuffer message;  // where the status is OK
};

// What a service's method is given for a context, with request and response. Held by its caller and
// by whatever runs for it; the methods of the dispatcher know it by CallPeer::Of.
class LocalCall : public grpc::CallbackServerContext,
                  public CallPeer,
                  public std::enable_shared_from_this<LocalCall> {
 public:
  // Runs once, on any thread, perhaps before the method has returned: must not block.
  using OnReply = std::function<void(LocalReply)>;

  // The messages are those of the method, and outlive the call.
  LocalCall(LocalRequest request, OnReply on_reply);

  // Gives up: the reply is CANCELLED now, if there is none yet, and what the method does is for
  // nothing. From any thread.
  void Cancel();

  std::string Metadata(std::string_view key) const override;
  std::chrono::system_clock::time_point Deadline() const override { return deadline_; }
  bool HasGivenUp() const override;
  void AddHeader(const std::string& key, const std::string& value) override;
  grpc::ServerUnaryReactor* StartUnary() override { return nullptr; }
  void FinishUnary(grpc::Status status) override;

 protected:
  // Reads the request into `message`; false, and the call is finished: it is none.
  bool ReadRequest(google::protobuf::Message* message);

 private:
  virtual const google::protobuf::Message& Response() const = 0;
  OnReply TakeOnReply();

  const LocalMetadata metadata_;
  const std::chrono::system_clock::time_point deadline_;
  grpc::ByteBuffer request_;
  LocalMetadata headers_;
  std::atomic<bool> is_cancelled_ = false;
  std::mutex mutex_;
  OnReply on_reply_;  // guarded by mutex_; null: there was a reply
};

}  // namespace clv::rpc

#endif  // CLV_COMMON_RPC_LOCAL_CALL_H_
