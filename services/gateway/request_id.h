// services/gateway/request_id.h: the name of one request in logs, upstream and at the client.
#ifndef CLV_SERVICES_GATEWAY_REQUEST_ID_H_
#define CLV_SERVICES_GATEWAY_REQUEST_ID_H_

#include <string>

#include "services/gateway/http_types.h"

namespace clv::gateway {

inline constexpr char kRequestIdHeader[] = "x-request-id";

// Sees to it that `request` has exactly one `x-request-id` and returns it: the client's, where that
// is 1 to 128 of `[A-Za-z0-9._-]`, else 128 random bits in hexadecimal. Thread-safe.
std::string EnsureRequestId(HttpRequest& request);

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_REQUEST_ID_H_
