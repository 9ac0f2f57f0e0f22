// services/gateway/stream_framing.h: how the JSON of several messages stands in one HTTP body.
#ifndef CLV_SERVICES_GATEWAY_STREAM_FRAMING_H_
#define CLV_SERVICES_GATEWAY_STREAM_FRAMING_H_

#include <string>

#include "services/gateway/json_codec.h"

namespace clv::gateway {

// One stream of messages as a JSON list, as one JSON text a line, or as server-sent events. Not
// thread-safe.
class StreamFraming {
 public:
  // `stream_sse_style_delimited` wins over `stream_newline_delimited`; neither is a list.
  explicit StreamFraming(const PrintOptions& print);

  // What the HTTP header `content-type` says of the body.
  const char* content_type() const;

  // The bytes of the next message, whose JSON text is `json`.
  std::string Frame(std::string json);

  // The bytes behind the last message, or of a stream without one.
  std::string End() const;

  bool has_messages() const { return has_messages_; }

 private:
  enum class Style { kList, kLines, kEvents };

  Style style_;
  bool has_messages_ = false;
};

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_STREAM_FRAMING_H_
