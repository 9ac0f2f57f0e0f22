// common/rpc/v0_reply.h: what a /v0 handler answers.
//
// A /v0 call always ends with gRPC OK; its HTTP status travels in the initial metadata
// `x-clv-http-status`, and errors are JSON bodies.
#ifndef CLV_COMMON_RPC_V0_REPLY_H_
#define CLV_COMMON_RPC_V0_REPLY_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace clv::rpc {

// Names of metadata.
inline constexpr char kHttpStatusMetadata[] = "x-clv-http-status";
inline constexpr char kOriginalPathMetadata[] = "x-envoy-original-path";
inline constexpr char kOriginalMethodMetadata[] = "x-envoy-original-method";
inline constexpr char kRetryAfterMetadata[] = "retry-after";

inline constexpr char kJsonContentType[] = "application/json; charset=UTF-8";

// An HTTP answer.
struct V0Reply {
  int http_status = 200;
  std::string content_type = kJsonContentType;
  std::string body = {};
  // Further headers; names in lower case, values in printable ASCII.
  std::vector<std::pair<std::string, std::string>> headers = {};
};

// An error that becomes exactly this HTTP status, where the one that its gRPC code stands for
// (HttpStatusOf) is not meant; `documentation`: anchor, see V0ErrorReply.
absl::Status V0Error(absl::StatusCode code, int http_status, std::string_view text,
                     std::string_view documentation);

// The status with the time after which a client may try again, 1 or more seconds.
absl::Status WithRetryAfter(absl::Status status, uint64_t seconds);

// That time as text; empty for a status that has none.
std::string RetryAfterOf(const absl::Status& status);

// 400 INVALID_ARGUMENT, FAILED_PRECONDITION, OUT_OF_RANGE; 403 UNAUTHENTICATED, PERMISSION_DENIED;
// 404 NOT_FOUND; 408 DEADLINE_EXCEEDED; 409 ALREADY_EXISTS, ABORTED; 429 RESOURCE_EXHAUSTED; 499
// CANCELLED; 501 UNIMPLEMENTED; 503 UNAVAILABLE; else 500. A status made by V0Error has its own.
int HttpStatusOf(const absl::Status& status);

// `{"error": "<message>", "documentation": "/#<anchor>"}`; 429 and 503 carry `retry-after` (1 where
// the status does not say). The
// web page at `/` explains the anchors `authentication`, `events`, `query-parameters`, `pipes` and
// `limits`.
V0Reply V0ErrorReply(const absl::Status& status);

}  // namespace clv::rpc

#endif  // CLV_COMMON_RPC_V0_REPLY_H_
