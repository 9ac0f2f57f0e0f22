#include "services/gateway/stream_framing.h"

#include <utility>

namespace clv::gateway {

StreamFraming::StreamFraming(const PrintOptions& print)
    : style_(print.stream_sse_style_delimited ? Style::kEvents
             : print.stream_newline_delimited ? Style::kLines
                                              : Style::kList) {}

const char* StreamFraming::content_type() const {
  return style_ == Style::kEvents ? "text/event-stream" : "application/json";
}

std::string StreamFraming::Frame(std::string json) {
  const bool first = !std::exchange(has_messages_, true);
  switch (style_) {
    case Style::kList:
      json.insert(json.begin(), first ? '[' : ',');
      break;
    case Style::kLines:
      json.push_back('\n');
      break;
    case Style::kEvents:
      json.insert(0, "data: ");
      json.append("\n\n");
      break;
  }
  return json;
}

std::string StreamFraming::End() const {
  if (style_ != Style::kList) return "";
  return has_messages_ ? "]" : "[]";
}

}  // namespace clv::gateway
