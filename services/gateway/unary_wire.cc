#include "services/gateway/unary_wire.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "services/gateway/header_mapping.h"
#include "services/gateway/percent_coding.h"

namespace clv::gateway {
namespace {

using grpc::StatusCode;

constexpr size_t kPrefixBytes = 5;

// At most eight digits, rounded up.
std::string TimeoutText(std::chrono::nanoseconds timeout) {
  constexpr int64_t kMost = 99'999'999;
  const int64_t milliseconds = (timeout.count() + 999'999) / 1'000'000;
  if (milliseconds <= kMost) return absl::StrCat(milliseconds, "m");
  const int64_t seconds = (milliseconds + 999) / 1000;
  return absl::StrCat(std::min(seconds, kMost), "S");
}

// PROTOCOL-HTTP2.md and http-grpc-status-mapping.md of the gRPC project.
StatusCode CodeOfHttpStatus(int status) {
  switch (status) {
    case 400:
      return StatusCode::INTERNAL;
    case 401:
      return StatusCode::UNAUTHENTICATED;
    case 403:
      return StatusCode::PERMISSION_DENIED;
    case 404:
      return StatusCode::UNIMPLEMENTED;
    case 429:
    case 502:
    case 503:
    case 504:
      return StatusCode::UNAVAILABLE;
    default:
      return StatusCode::UNKNOWN;
  }
}

StatusCode CodeOfStreamError(uint32_t error_code) {
  switch (error_code) {
    case NGHTTP2_REFUSED_STREAM:
      return StatusCode::UNAVAILABLE;
    case NGHTTP2_CANCEL:
      return StatusCode::CANCELLED;
    case NGHTTP2_ENHANCE_YOUR_CALM:
      return StatusCode::RESOURCE_EXHAUSTED;
    case NGHTTP2_INADEQUATE_SECURITY:
      return StatusCode::PERMISSION_DENIED;
    default:
      return StatusCode::INTERNAL;
  }
}

// One value may hold several, as proxies join them.
std::string DecodeBinary(std::string_view value) {
  std::vector<std::string> parts;
  for (const absl::string_view part :
       absl::StrSplit(absl::string_view(value.data(), value.size()), ',')) {
    std::string bytes;
    if (!absl::Base64Unescape(part, &bytes)) return std::string(value);
    parts.push_back(std::move(bytes));
  }
  return absl::StrJoin(parts, ",");
}

}  // namespace

HttpHeaders RequestFields(const std::string& path, const std::string& authority,
                          std::chrono::nanoseconds timeout, HttpHeaders metadata) {
  HttpHeaders fields;
  fields.reserve(metadata.size() + 8);
  fields.push_back({":method", "POST"});
  fields.push_back({":scheme", "http"});
  fields.push_back({":path", path});
  fields.push_back({":authority", authority});
  fields.push_back({"te", "trailers"});
  fields.push_back({"content-type", "application/grpc"});
  fields.push_back({"grpc-accept-encoding", "identity"});
  if (timeout != std::chrono::nanoseconds::max()) {
    fields.push_back({"grpc-timeout", TimeoutText(timeout)});
  }
  for (HttpHeader& entry : metadata) {
    if (entry.name.ends_with("-bin")) entry.value = MetadataBase64(entry.value);
    fields.push_back(std::move(entry));
  }
  return fields;
}

std::string FrameMessage(const grpc::ByteBuffer& message) {
  const auto size = static_cast<uint32_t>(message.Length());
  std::string framed;
  framed.reserve(kPrefixBytes + size);
  framed.push_back(0);  // not compressed
  for (int shift = 24; shift >= 0; shift -= 8) framed.push_back(static_cast<char>(size >> shift));
  std::vector<grpc::Slice> slices;
  if (!message.Dump(&slices).ok()) return framed;
  for (const grpc::Slice& slice : slices) {
    framed.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return framed;
}

void UnaryAnswer::OnField(std::string_view name, std::string_view value) {
  field_bytes_ += name.size() + value.size();
  if (is_too_long()) return;
  if (name == ":status") {
    if (!absl::SimpleAtoi(absl::string_view(value.data(), value.size()), &http_status_)) {
      http_status_ = 0;
    }
    return;
  }
  fields_.push_back(
      {std::string(name), name.ends_with("-bin") ? DecodeBinary(value) : std::string(value)});
}

void UnaryAnswer::OnFieldsEnd(bool ends_answer) {
  if (!has_begun_ && http_status_ >= 100 && http_status_ < 200) {
    fields_.clear();
    return;
  }
  // A status that comes alone is trailing, as in gRPC's own clients.
  (ends_answer || has_begun_ ? trailing_ : initial_) = std::move(fields_);
  fields_.clear();
  has_begun_ = true;
}

grpc::Status UnaryAnswer::StatusOf(uint32_t error_code) {
  if (is_too_long()) {
    return {StatusCode::RESOURCE_EXHAUSTED, "The service's metadata are too long."};
  }
  const std::string* code_text = FindHeader(trailing_, "grpc-status");
  if (code_text == nullptr) {
    if (error_code != NGHTTP2_NO_ERROR) {
      return {CodeOfStreamError(error_code), "The service has broken the call off."};
    }
    if (http_status_ != 200) {
      return {CodeOfHttpStatus(http_status_),
              absl::StrCat("The service has answered with HTTP status ", http_status_, ".")};
    }
    return {StatusCode::UNKNOWN, "The service has ended the call without a status."};
  }
  int code = 0;
  // One that gRPC lacks stays what it is, as with gRPC's own client.
  if (!absl::SimpleAtoi(*code_text, &code) || code < 0) code = StatusCode::UNKNOWN;
  if (code == StatusCode::OK) return UnframeMessage();
  const std::string* message = FindHeader(trailing_, "grpc-message");
  const std::string* details = FindHeader(trailing_, "grpc-status-details-bin");
  return {static_cast<StatusCode>(code),
          message == nullptr ? "" : PercentDecode(*message, UnescapeSpec::kAllCharacters),
          details == nullptr ? "" : *details};
}

grpc::Status UnaryAnswer::UnframeMessage() {
  if (body_.empty()) return {StatusCode::INTERNAL, "The service has ended without a reply."};
  if (body_.size() < kPrefixBytes) return {StatusCode::INTERNAL, "The service's reply is cut off."};
  if (body_[0] != 0) {
    return {StatusCode::INTERNAL, "The service has compressed its reply, which was not asked for."};
  }
  uint32_t size = 0;
  for (size_t i = 1; i < kPrefixBytes; ++i) size = size << 8 | static_cast<uint8_t>(body_[i]);
  if (body_.size() - kPrefixBytes != size) {
    return {StatusCode::INTERNAL, "The service's reply is not one message."};
  }
  body_.erase(0, kPrefixBytes);
  return grpc::Status::OK;
}

}  // namespace clv::gateway
