// services/gateway/request_target.h: the forms of an HTTP request target.
#ifndef CLV_SERVICES_GATEWAY_REQUEST_TARGET_H_
#define CLV_SERVICES_GATEWAY_REQUEST_TARGET_H_

#include <optional>
#include <string>
#include <string_view>

namespace clv::gateway {

// The path and query of a request target, which a proxy's client sends with scheme and host (RFC
// 9112 section 3.2.2). Nothing for other forms, such as `*`.
std::optional<std::string> OriginForm(std::string_view target);

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_REQUEST_TARGET_H_
