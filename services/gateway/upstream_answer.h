// services/gateway/upstream_answer.h: what a gRPC call that has ended becomes for its HTTP client.
//
// Internal to the gateway's calls.
#ifndef CLV_SERVICES_GATEWAY_UPSTREAM_ANSWER_H_
#define CLV_SERVICES_GATEWAY_UPSTREAM_ANSWER_H_

#include <optional>
#include <string>
#include <string_view>

#include "grpcpp/client_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/status.h"
#include "services/gateway/error_reply.h"
#include "services/gateway/http_types.h"
#include "services/gateway/transcoder.h"

namespace clv::gateway {

// Immutable, thread-safe. What it refers to must outlive it.
class UpstreamAnswer {
 public:
  // With `suite_headers` the metadata `x-clv-http-status` becomes the HTTP status.
  UpstreamAnswer(const Transcoder& transcoder, const ErrorReply& errors, bool suite_headers)
      : transcoder_(transcoder), errors_(errors), suite_headers_(suite_headers) {}

  // The answer for a call of `rule` that was made for `target` and ended with `status`; `reply`
  // counts where that is OK. A reply that does not decode is 502, one over the limit 500.
  HttpResponse Make(const HttpRule& rule, std::string_view target,
                    const grpc::ClientContext& context, const grpc::Status& status,
                    const grpc::ByteBuffer& reply) const;

  // An answer whose body comes in pieces, after the first of its messages.
  struct Begun {
    HttpResponse head;
    std::string bytes;     // of the body
    bool is_well = false;  // false: `head` is a whole answer that tells what is wrong
  };
  Begun Begin(const HttpRule& rule, std::string_view target, const grpc::ClientContext& context,
              const grpc::ByteBuffer& first) const;

  // The bytes that a later message adds to the body; absent where it does not decode.
  std::optional<std::string> Piece(const HttpRule& rule, const grpc::ByteBuffer& message) const;

 private:
  HttpResponse Success(const HttpRule& rule, std::string_view target,
                       const grpc::ClientContext& context, const grpc::ByteBuffer& reply) const;
  HttpResponse Failure(std::string_view target, const grpc::ClientContext& context,
                       const grpc::Status& status) const;
  HttpHeaders FailureHeaders(const grpc::ClientContext& context) const;

  const Transcoder& transcoder_;
  const ErrorReply& errors_;
  const bool suite_headers_;
};

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_UPSTREAM_ANSWER_H_
