// services/gateway/upstream_channel_call.h: one HTTP request on its way through a unary gRPC call
// over a UnaryChannel.
//
// Internal to gateway.cc.
#ifndef CLV_SERVICES_GATEWAY_UPSTREAM_CHANNEL_CALL_H_
#define CLV_SERVICES_GATEWAY_UPSTREAM_CHANNEL_CALL_H_

#include <memory>

#include "grpcpp/support/byte_buffer.h"
#include "services/gateway/unary_channel.h"
#include "services/gateway/upstream_request.h"

namespace clv::gateway {

// As UpstreamCall. Belongs to the event loop of its exchange.
class UpstreamChannelCall : public std::enable_shared_from_this<UpstreamChannelCall> {
 public:
  explicit UpstreamChannelCall(UpstreamRequest request);

  // Sends `message` and answers the exchange when the reply is there. Call once.
  void Start(const std::shared_ptr<UnaryChannel>& channel, grpc::ByteBuffer message);

 private:
  void OnReply(UnaryReply reply);

  UpstreamRequest request_;
};

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_UPSTREAM_CHANNEL_CALL_H_
