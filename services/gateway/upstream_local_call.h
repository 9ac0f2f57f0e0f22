// services/gateway/upstream_local_call.h: one HTTP request on its way through a unary method of a
// service in the same process.
//
// Internal to gateway.cc.
#ifndef CLV_SERVICES_GATEWAY_UPSTREAM_LOCAL_CALL_H_
#define CLV_SERVICES_GATEWAY_UPSTREAM_LOCAL_CALL_H_

#include <memory>

#include "common/rpc/local_methods.h"
#include "grpcpp/support/byte_buffer.h"
#include "services/gateway/upstream_request.h"

namespace clv::gateway {

// As UpstreamCall.
class UpstreamLocalCall : public std::enable_shared_from_this<UpstreamLocalCall> {
 public:
  explicit UpstreamLocalCall(UpstreamRequest request);

  // Sends `message` and answers the exchange when the reply is there. The request's method is one
  // of `methods`. Call once.
  void Start(const rpc::LocalMethods& methods, grpc::ByteBuffer message);

 private:
  void OnReply(const rpc::LocalReply& reply);

  UpstreamRequest request_;
};

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_UPSTREAM_LOCAL_CALL_H_
