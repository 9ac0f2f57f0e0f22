// services/gateway/http_head.h: finds the head of an HTTP/1.1 request and makes it parseable.
//
// Old clients send raw spaces in the request target (`GET /a?from=2023-01-01 00:00:00 HTTP/1.1`).
// The target runs from the first space of the request line to its last; PrepareHead escapes the
// spaces in it before Beast sees the head.
#ifndef CLV_SERVICES_GATEWAY_HTTP_HEAD_H_
#define CLV_SERVICES_GATEWAY_HTTP_HEAD_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace clv::gateway {

// Number of bytes of `input` that form a whole head, with its empty line, or nothing while it is
// not complete. INVALID_ARGUMENT: a line ends without a carriage return, so the head will never be
// one.
absl::StatusOr<std::optional<size_t>> FindHeadEnd(std::string_view input);

// `head` (whole) with the spaces of its target as `%20`. Only the request line changes.
// INVALID_ARGUMENT: a header line is folded (RFC 9112 section 5.2 lets a server refuse that).
absl::StatusOr<std::string> PrepareHead(std::string_view head);

// The target of a request line that may be cut short, for error replies; empty if there is none
// yet.
std::string_view TargetOf(std::string_view head);

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_HTTP_HEAD_H_
