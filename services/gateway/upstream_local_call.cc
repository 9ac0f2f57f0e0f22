#include "services/gateway/upstream_local_call.h"

#include <utility>

#include "services/gateway/header_mapping.h"
#include "services/gateway/reply_metadata.h"

namespace clv::gateway {

UpstreamLocalCall::UpstreamLocalCall(UpstreamRequest request) : request_(std::move(request)) {}

void UpstreamLocalCall::Start(const rpc::LocalMethods& methods, grpc::ByteBuffer message) {
  request_.ticket.Begin();
  rpc::LocalRequest request{
      .metadata = {}, .message = std::move(message), .deadline = request_.deadline};
  for (HttpHeader& entry : RequestMetadata(request_.exchange->request(), request_.target)) {
    request.metadata.emplace_back(std::move(entry.name), std::move(entry.value));
  }
  const auto call = methods.Start(
      request_.rule.grpc_path, std::move(request),
      [self = shared_from_this()](const rpc::LocalReply& reply) { self->OnReply(reply); });
  request_.exchange->OnAbandoned([call] { call->Cancel(); });
}

void UpstreamLocalCall::OnReply(const rpc::LocalReply& reply) {
  request_.ticket.End();
  MetadataMap initial;  // refers to the reply
  for (const auto& [name, value] : reply.metadata) {
    initial.emplace(grpc::string_ref(name.data(), name.size()),
                    grpc::string_ref(value.data(), value.size()));
  }
  request_.exchange->Respond(request_.answer.Make(request_.rule, request_.target,
                                                  {.initial = initial, .trailing = {}},
                                                  reply.status, reply.message));
}

}  // namespace clv::gateway
