// services/gateway/upstream_call.h: one HTTP request on its way through a unary gRPC call.
//
// Internal to gateway.cc.
#ifndef CLV_SERVICES_GATEWAY_UPSTREAM_CALL_H_
#define CLV_SERVICES_GATEWAY_UPSTREAM_CALL_H_

#include <chrono>
#include <memory>
#include <string>

#include "grpcpp/client_context.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/status.h"
#include "services/gateway/call_counter.h"
#include "services/gateway/http_types.h"
#include "services/gateway/transcoder.h"
#include "services/gateway/upstream_answer.h"

namespace clv::gateway {

// Owns what the call needs until its callback has run. Cancels the call when the client leaves.
class UpstreamCall : public std::enable_shared_from_this<UpstreamCall> {
 public:
  // `answer` and `counter` outlive the call. `target` is the path and query of the request, without
  // scheme and host.
  UpstreamCall(const UpstreamAnswer& answer, CallCounter& counter,
               std::shared_ptr<HttpExchange> exchange, const HttpRule& rule, std::string target);

  // Sends `request` and answers the exchange when the reply is there. `deadline` bounds the call.
  // Call once.
  void Start(grpc::GenericStub& stub, grpc::ByteBuffer request,
             std::chrono::system_clock::time_point deadline);

 private:
  void OnDone(const grpc::Status& status);

  const UpstreamAnswer& answer_;
  CallCounter& counter_;
  const std::shared_ptr<HttpExchange> exchange_;
  const HttpRule& rule_;
  const std::string target_;
  grpc::ClientContext context_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer reply_;
};

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_UPSTREAM_CALL_H_
