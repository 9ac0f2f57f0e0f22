// services/gateway/http_response_head.h: the bytes of an HTTP/1.1 answer up to its body.
#ifndef CLV_SERVICES_GATEWAY_HTTP_RESPONSE_HEAD_H_
#define CLV_SERVICES_GATEWAY_HTTP_RESPONSE_HEAD_H_

#include <string>
#include <string_view>

#include "services/gateway/http_types.h"

namespace clv::gateway {

// Whether an answer of this status has no body whatever it is given (RFC 9112 section 6.3).
bool HasNoBody(int status);

// The status line, the headers of `response`, `date` where it is not empty, the length of the body
// (with `in_pieces` instead that it is chunked, which only HTTP/1.1 can say), and the `connection`
// header that `keep_alive` and `http_version` (10 or 11) call for. Control characters in header
// values become spaces.
std::string SerializeHead(const HttpResponse& response, std::string_view date, bool keep_alive,
                          int http_version, bool in_pieces = false);

// The trailer section of a chunked body, with its empty line.
std::string SerializeTrailers(const HttpHeaders& trailers);

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_HTTP_RESPONSE_HEAD_H_
