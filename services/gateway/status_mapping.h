// services/gateway/status_mapping.h: between gRPC codes and HTTP statuses.
#ifndef CLV_SERVICES_GATEWAY_STATUS_MAPPING_H_
#define CLV_SERVICES_GATEWAY_STATUS_MAPPING_H_

#include "grpcpp/support/status.h"

namespace clv::gateway {

// The table of google/rpc/code.proto; a code that it lacks is 503, as in Envoy.
int HttpStatusOf(grpc::StatusCode code);

// The code that an error of the gateway's own with this HTTP status carries in its JSON body.
grpc::StatusCode GrpcCodeOf(int http_status);

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_STATUS_MAPPING_H_
