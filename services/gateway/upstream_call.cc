#include "services/gateway/upstream_call.h"

#include <utility>

namespace clv::gateway {

UpstreamCall::UpstreamCall(UpstreamRequest request) : request_(std::move(request)) {}

void UpstreamCall::Start(grpc::GenericStub& stub, grpc::ByteBuffer message) {
  message_ = std::move(message);
  BeginCall(request_, context_);
  stub.UnaryCall(&context_, request_.rule.grpc_path, grpc::StubOptions(), &message_, &reply_,
                 [call = shared_from_this()](const grpc::Status& status) { call->OnDone(status); });
  // Only now: gRPC does not like a call to be cancelled before it has begun.
  request_.exchange->OnAbandoned([call = shared_from_this()] { call->context_.TryCancel(); });
}

void UpstreamCall::OnDone(const grpc::Status& status) {
  request_.ticket.End();
  request_.exchange->Respond(
      request_.answer.Make(request_.rule, request_.target, MetadataOf(context_), status, reply_));
}

}  // namespace clv::gateway
