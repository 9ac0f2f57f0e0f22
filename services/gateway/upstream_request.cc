#include "services/gateway/upstream_request.h"

#include "services/gateway/header_mapping.h"

namespace clv::gateway {

void BeginCall(UpstreamRequest& request, grpc::ClientContext& context) {
  for (const HttpHeader& entry : RequestMetadata(request.exchange->request(), request.target)) {
    context.AddMetadata(entry.name, entry.value);
  }
  context.set_deadline(request.deadline);
  request.ticket.Begin();
}

}  // namespace clv::gateway
