// services/gateway/upstream_request.h: an HTTP request on its way through a gRPC call.
//
// Internal to the gateway's calls.
#ifndef CLV_SERVICES_GATEWAY_UPSTREAM_REQUEST_H_
#define CLV_SERVICES_GATEWAY_UPSTREAM_REQUEST_H_

#include <chrono>
#include <memory>
#include <string>

#include "grpcpp/client_context.h"
#include "services/gateway/call_counter.h"
#include "services/gateway/http_types.h"
#include "services/gateway/transcoder.h"
#include "services/gateway/upstream_answer.h"

namespace clv::gateway {

// What every call needs, whether it streams or not.
struct UpstreamRequest {
  CallCounter::Ticket ticket;    // first, so that it outlives the rest
  const UpstreamAnswer& answer;  // outlives the call, as does `rule`
  std::shared_ptr<HttpExchange> exchange;
  const HttpRule& rule;
  std::string target;                              // path and query, without scheme and host
  std::chrono::system_clock::time_point deadline;  // of the whole call

  // The channel does not tell an answer that is nothing but a status from one whose metadata came
  // first.
  bool in_process = false;
};

// Gives the call its metadata and deadline and counts it in.
void BeginCall(UpstreamRequest& request, grpc::ClientContext& context);

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_UPSTREAM_REQUEST_H_
