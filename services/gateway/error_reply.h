// services/gateway/error_reply.h: the bodies and headers of error answers.
#ifndef CLV_SERVICES_GATEWAY_ERROR_REPLY_H_
#define CLV_SERVICES_GATEWAY_ERROR_REPLY_H_

#include <string>
#include <string_view>

#include "services/gateway/http_types.h"

namespace clv::gateway {

// `text` with the value of every `token=` replaced by `***`, so that it may be sent back or logged.
std::string RedactTokens(std::string_view text);

// Adds what an answer of this status must carry, where it does not yet: `retry-after: 1` for 429
// and 503, `www-authenticate: Bearer` for 401.
void AddStatusHeaders(HttpResponse& response);

// Makes error answers in the shape that belongs to the path. Immutable, thread-safe.
class ErrorReply {
 public:
  struct Options {
    // Under /v0/ the shape is `{"error":"...","documentation":"..."}`.
    bool v0_shape = false;
    std::string documentation_url;
  };

  explicit ErrorReply(Options options) : options_(std::move(options)) {}

  // Whether the answer for `target` has the /v0 shape.
  bool HasV0Shape(std::string_view target) const;

  // `{"error":message,"documentation":url}` under /v0/, elsewhere `{"code":gRPC
  // code,"message":message,"details":[]}`. Tokens are redacted.
  HttpResponse Make(int status, std::string_view message, std::string_view target) const;

  // The same with a given gRPC code, for errors that come from upstream.
  HttpResponse Make(int status, int grpc_code, std::string_view message,
                    std::string_view target) const;

 private:
  Options options_;
};

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_ERROR_REPLY_H_
