// services/gateway/upstream_call.h: one HTTP request on its way through a unary gRPC call.
//
// Internal to gateway.cc.
#ifndef CLV_SERVICES_GATEWAY_UPSTREAM_CALL_H_
#define CLV_SERVICES_GATEWAY_UPSTREAM_CALL_H_

#include <memory>

#include "grpcpp/client_context.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/status.h"
#include "services/gateway/upstream_request.h"

namespace clv::gateway {

// Owns what the call needs until its callback has run. Cancels the call when the client leaves.
class UpstreamCall : public std::enable_shared_from_this<UpstreamCall> {
 public:
  explicit UpstreamCall(UpstreamRequest request);

  // Sends `message` and answers the exchange when the reply is there. Call once.
  void Start(grpc::GenericStub& stub, grpc::ByteBuffer message);

 private:
  void OnDone(const grpc::Status& status);

  UpstreamRequest request_;  // first, because its ticket outlives the context
  grpc::ClientContext context_;
  grpc::ByteBuffer message_;
  grpc::ByteBuffer reply_;
};

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_UPSTREAM_CALL_H_
