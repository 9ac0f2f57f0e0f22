// services/gateway/upstream_answer.h: what a gRPC call that has ended becomes for its HTTP client.
//
// Internal to the gateway's calls.
#ifndef CLV_SERVICES_GATEWAY_UPSTREAM_ANSWER_H_
#define CLV_SERVICES_GATEWAY_UPSTREAM_ANSWER_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/status.h"
#include "services/gateway/error_reply.h"
#include "services/gateway/http_types.h"
#include "services/gateway/reply_metadata.h"
#include "services/gateway/stream_framing.h"
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
  HttpResponse Make(const HttpRule& rule, std::string_view target, const ReplyMetadata& metadata,
                    const grpc::Status& status, const grpc::ByteBuffer& reply) const;

  // The answer for a call that streams replies and has ended before the answer began. `framing` is
  // that of its JSON, which has no messages.
  HttpResponse MakeStreamless(const HttpRule& rule, std::string_view target,
                              const ReplyMetadata& metadata, const grpc::Status& status,
                              const StreamFraming& framing) const;

  // The head of an answer whose body comes in pieces, once the initial metadata are there.
  HttpResponse StreamHead(const MetadataMap& initial_metadata, std::string content_type) const;

  // The same where the body is an HttpBody, whose first message is `first`. DATA_LOSS and
  // OUT_OF_RANGE as Transcoder::DecodeReply says.
  absl::StatusOr<HttpResponse> HttpBodyHead(const HttpRule& rule,
                                            const MetadataMap& initial_metadata,
                                            const grpc::ByteBuffer& first) const;

  // The body of one message of a stream, without framing; absent where it does not decode.
  std::optional<std::string> Piece(const HttpRule& rule, const grpc::ByteBuffer& message) const;

  // The body of a stream that fails without a message when its head has been sent already: the
  // JSON of the status where it is converted, else `without_conversion`.
  std::string LateFailure(const grpc::Status& status, std::string without_conversion) const;

  // The trailer fields of an answer in pieces: status and trailing metadata.
  HttpHeaders Trailers(const MetadataMap& trailing_metadata, const grpc::Status& status) const;

  // The answer to a request that does not fit its message (OUT_OF_RANGE: 413, else 400), and to one
  // whose reply does not decode (OUT_OF_RANGE: 500, else 502).
  HttpResponse Refuse(const absl::Status& why, std::string_view target) const;
  HttpResponse BadReply(const absl::Status& why, std::string_view target) const;

 private:
  HttpResponse Success(const HttpRule& rule, std::string_view target, const ReplyMetadata& metadata,
                       const grpc::ByteBuffer& reply) const;
  HttpResponse Failure(std::string_view target, const ReplyMetadata& metadata,
                       const grpc::Status& status) const;
  HttpHeaders FailureHeaders(const ReplyMetadata& metadata) const;

  const Transcoder& transcoder_;
  const ErrorReply& errors_;
  const bool suite_headers_;
};

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_UPSTREAM_ANSWER_H_
