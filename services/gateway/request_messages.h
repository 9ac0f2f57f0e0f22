// services/gateway/request_messages.h: the gRPC messages that an HTTP body becomes.
#ifndef CLV_SERVICES_GATEWAY_REQUEST_MESSAGES_H_
#define CLV_SERVICES_GATEWAY_REQUEST_MESSAGES_H_

#include <deque>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "grpcpp/support/byte_buffer.h"
#include "services/gateway/http_types.h"
#include "services/gateway/json_list.h"
#include "services/gateway/transcoder.h"

namespace clv::gateway {

// Turns the body of a rule that takes a stream into messages while it comes: an HttpBody piece by
// piece, a JSON list element by element. What the URL says goes into the first message. Not
// thread-safe.
class RequestMessages {
 public:
  // `transcoder` and `rule` outlive this object. `content_type` is that of the HTTP body.
  RequestMessages(const Transcoder& transcoder, const HttpRule& rule, Transcoder::UrlFields fields,
                  std::string content_type);

  // Of a rule that takes one message, which is `message`.
  RequestMessages(const Transcoder& transcoder, const HttpRule& rule, grpc::ByteBuffer message);

  // Takes the next piece of the body. INVALID_ARGUMENT: it does not fit the message (HTTP 400).
  // OUT_OF_RANGE: a message is over the limit (413). No call may follow an error or the last piece.
  absl::Status Feed(BodyPiece piece);

  // Whether the body may still be one: of a list the opening bracket has come. The call should not
  // begin before.
  bool began() const { return began_; }

  // The next message, if one is complete.
  std::optional<grpc::ByteBuffer> Take();

  // Whether every message has been taken and none will follow.
  bool ended() const { return body_ended_ && ready_.empty(); }

 private:
  absl::Status FeedHttpBody(BodyPiece piece);
  absl::Status FeedList(const BodyPiece& piece);

  const Transcoder& transcoder_;
  const HttpRule& rule_;
  Transcoder::UrlFields fields_;  // empty once they are in a message
  const std::string content_type_;
  JsonListSplitter list_;
  std::deque<grpc::ByteBuffer> ready_;
  bool began_;
  bool has_message_ = false;
  bool body_ended_ = false;
};

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_REQUEST_MESSAGES_H_
