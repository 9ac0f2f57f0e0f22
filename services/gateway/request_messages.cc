#include "services/gateway/request_messages.h"

#include <utility>
#include <vector>

#include "common/base/status_macros.h"

namespace clv::gateway {

RequestMessages::RequestMessages(const Transcoder& transcoder, const HttpRule& rule,
                                 Transcoder::UrlFields fields, std::string content_type)
    : transcoder_(transcoder),
      rule_(rule),
      fields_(std::move(fields)),
      content_type_(std::move(content_type)),
      list_(static_cast<size_t>(transcoder.options().max_request_body_size)),
      began_(rule.body_is_http_body) {}

RequestMessages::RequestMessages(const Transcoder& transcoder, const HttpRule& rule,
                                 grpc::ByteBuffer message)
    : RequestMessages(transcoder, rule, Transcoder::UrlFields(), "") {
  ready_.push_back(std::move(message));
  began_ = true;
  body_ended_ = true;
}

absl::Status RequestMessages::Feed(BodyPiece piece) {
  body_ended_ = piece.last;
  return rule_.body_is_http_body ? FeedHttpBody(std::move(piece)) : FeedList(piece);
}

// An empty body is one empty message.
absl::Status RequestMessages::FeedHttpBody(BodyPiece piece) {
  if (piece.bytes.empty() && has_message_) return absl::OkStatus();
  Transcoder::Piece message;
  if (!std::exchange(has_message_, true)) {
    CLV_ASSIGN_OR_RETURN(message.bindings, transcoder_.EncodeBindings(rule_, fields_));
    message.content_type = content_type_;
  }
  message.data = std::move(piece.bytes);
  ready_.push_back(Transcoder::EncodePiece(rule_, std::move(message)));
  return absl::OkStatus();
}

absl::Status RequestMessages::FeedList(const BodyPiece& piece) {
  CLV_ASSIGN_OR_RETURN(std::vector<std::string> elements, list_.Feed(piece.bytes));
  if (piece.last) CLV_RETURN_IF_ERROR(list_.Finish());
  began_ = list_.began();
  for (std::string& element : elements) {
    CLV_ASSIGN_OR_RETURN(
        grpc::ByteBuffer message,
        transcoder_.EncodeElement(rule_, std::exchange(fields_, {}), std::move(element)));
    ready_.push_back(std::move(message));
  }
  return absl::OkStatus();
}

std::optional<grpc::ByteBuffer> RequestMessages::Take() {
  if (ready_.empty()) return std::nullopt;
  grpc::ByteBuffer message = std::move(ready_.front());
  ready_.pop_front();
  return message;
}

}  // namespace clv::gateway
