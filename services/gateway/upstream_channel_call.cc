#include "services/gateway/upstream_channel_call.h"

#include <chrono>
#include <utility>

#include "grpcpp/support/slice.h"
#include "services/gateway/header_mapping.h"
#include "services/gateway/reply_metadata.h"

namespace clv::gateway {
namespace {

std::chrono::steady_clock::time_point Steady(std::chrono::system_clock::time_point deadline) {
  using std::chrono::steady_clock;
  using std::chrono::system_clock;
  if (deadline == system_clock::time_point::max()) return steady_clock::time_point::max();
  return steady_clock::now() + (deadline - system_clock::now());
}

// Refers to the headers.
MetadataMap MapOf(const HttpHeaders& headers) {
  MetadataMap map;
  for (const HttpHeader& header : headers) {
    map.emplace(grpc::string_ref(header.name.data(), header.name.size()),
                grpc::string_ref(header.value.data(), header.value.size()));
  }
  return map;
}

}  // namespace

UpstreamChannelCall::UpstreamChannelCall(UpstreamRequest request) : request_(std::move(request)) {}

void UpstreamChannelCall::Start(const std::shared_ptr<UnaryChannel>& channel,
                                grpc::ByteBuffer message) {
  request_.ticket.Begin();
  UnaryRequest request{.path = request_.rule.grpc_path,
                       .metadata = RequestMetadata(request_.exchange->request(), request_.target),
                       .message = std::move(message),
                       .deadline = Steady(request_.deadline)};
  const uint64_t id = channel->Start(
      std::move(request),
      [call = shared_from_this()](UnaryReply reply) { call->OnReply(std::move(reply)); });
  request_.exchange->OnAbandoned([channel, id] { channel->Cancel(id); });
}

void UpstreamChannelCall::OnReply(UnaryReply reply) {
  request_.ticket.End();
  const grpc::Slice slice(reply.message.data(), reply.message.size(), grpc::Slice::STATIC_SLICE);
  const MetadataMap initial = MapOf(reply.initial_metadata);
  const MetadataMap trailing = MapOf(reply.trailing_metadata);
  request_.exchange->Respond(request_.answer.Make(request_.rule, request_.target,
                                                  {.initial = initial, .trailing = trailing},
                                                  reply.status, grpc::ByteBuffer(&slice, 1)));
}

}  // namespace clv::gateway
