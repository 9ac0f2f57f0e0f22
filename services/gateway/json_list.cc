#include "services/gateway/json_list.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "services/gateway/json_text.h"

namespace clv::gateway {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

}  // namespace

absl::StatusOr<std::vector<std::string>> JsonListSplitter::Feed(std::string_view bytes) {
  std::vector<std::string> elements;
  for (const char c : bytes) {
    if (place_ != Place::kElement) CLV_RETURN_IF_ERROR(TakeOutside(c));
    if (place_ == Place::kElement) CLV_RETURN_IF_ERROR(TakeInElement(c, elements));
    if (element_.size() > max_element_bytes_) {
      return absl::OutOfRangeError(
          absl::StrCat("An element of the JSON list is over ", max_element_bytes_, " bytes."));
    }
  }
  return elements;
}

absl::Status JsonListSplitter::TakeOutside(char c) {
  if (IsSpace(c)) return absl::OkStatus();
  switch (place_) {
    case Place::kBefore:
      if (c != '[') break;
      place_ = Place::kBetween;
      return absl::OkStatus();
    case Place::kBetween:
      if (c == ']') {
        place_ = Place::kAfter;
        return absl::OkStatus();
      }
      if (c == ',') return absl::InvalidArgumentError("The JSON list lacks an element at a comma.");
      place_ = Place::kElement;
      return absl::OkStatus();
    case Place::kElement:
    case Place::kAfter:
      return absl::InvalidArgumentError("Something follows the JSON list.");
  }
  return absl::InvalidArgumentError("The body of a stream of messages must be a JSON list.");
}

absl::Status JsonListSplitter::TakeInElement(char c, std::vector<std::string>& elements) {
  if (quote_ != 0) {
    element_.push_back(c);
    if (escaped_) {
      escaped_ = false;
    } else if (c == '\\') {
      escaped_ = true;
    } else if (c == quote_) {
      quote_ = 0;
    }
    return absl::OkStatus();
  }
  if (depth_ == 0 && (c == ',' || c == ']')) {
    place_ = c == ',' ? Place::kBetween : Place::kAfter;
    while (IsSpace(element_.back())) element_.pop_back();
    elements.push_back(std::exchange(element_, {}));
    return absl::OkStatus();
  }
  if (c == '"' || c == '\'') {
    quote_ = c;
  } else if (c == '{' || c == '[') {
    // The list itself is one level.
    if (++depth_ >= kMaxJsonDepth) {
      return absl::InvalidArgumentError(
          absl::StrCat("The JSON body nests more than ", kMaxJsonDepth, " brackets."));
    }
  } else if ((c == '}' || c == ']') && --depth_ < 0) {
    return absl::InvalidArgumentError("The JSON list has a closing brace too many.");
  }
  element_.push_back(c);
  return absl::OkStatus();
}

absl::Status JsonListSplitter::Finish() const {
  if (place_ == Place::kAfter) return absl::OkStatus();
  if (place_ == Place::kBefore) {
    return absl::InvalidArgumentError("The body of a stream of messages must be a JSON list.");
  }
  return absl::InvalidArgumentError("The JSON list is not closed.");
}

}  // namespace clv::gateway
