#include "services/gateway/upstream_answer.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "google/rpc/status.pb.h"
#include "services/gateway/header_mapping.h"
#include "services/gateway/json_text.h"
#include "services/gateway/percent_coding.h"
#include "services/gateway/status_mapping.h"

namespace clv::gateway {
namespace {

constexpr std::string_view kSuiteStatus = "x-clv-http-status";

// The core's own words for an upstream that cannot be reached hold its address.
std::string PublicMessage(const grpc::Status& status) {
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE &&
      (absl::StrContains(status.error_message(), "failed to connect") ||
       absl::StrContains(status.error_message(), "DNS resolution failed") ||
       absl::StrContains(status.error_message(), "Socket closed") ||
       absl::StrContains(status.error_message(), "onnection reset"))) {
    return "The service is not reachable at the moment.";
  }
  return status.error_message();
}

// The status as `grpc-status-details-bin` gives it, or made of code and message.
std::string SerializedStatus(const grpc::Status& status, const std::string& message) {
  if (!status.error_details().empty()) return status.error_details();
  google::rpc::Status made;
  made.set_code(status.error_code());
  made.set_message(message);
  return made.SerializeAsString();
}

void AddGrpcStatusHeaders(int code, std::string_view message, HttpResponse& response) {
  response.headers.push_back({"grpc-status", absl::StrCat(code)});
  if (!message.empty()) {
    response.headers.push_back({"grpc-message", PercentEncodeUnprintable(message)});
  }
}

// The same, and the details as they are on the wire.
void AddStatusHeadersOf(const grpc::Status& status, std::string_view message,
                        HttpResponse& response) {
  AddGrpcStatusHeaders(status.error_code(), message, response);
  if (!status.error_details().empty()) {
    response.headers.push_back({"grpc-status-details-bin", MetadataBase64(status.error_details())});
  }
}

void ApplySuiteStatus(HttpResponse& response) {
  const std::string* text = FindHeader(response.headers, kSuiteStatus);
  int status = 0;
  if (text != nullptr && absl::SimpleAtoi(*text, &status) && status >= 200 && status <= 599) {
    response.status = status;
  }
  std::erase_if(response.headers,
                [](const HttpHeader& header) { return header.name == kSuiteStatus; });
}

}  // namespace

HttpResponse UpstreamAnswer::Make(const HttpRule& rule, std::string_view target,
                                  const ReplyMetadata& metadata, const grpc::Status& status,
                                  const grpc::ByteBuffer& reply) const {
  HttpResponse response =
      status.ok() ? Success(rule, target, metadata, reply) : Failure(target, metadata, status);
  AddStatusHeaders(response);
  return response;
}

HttpResponse UpstreamAnswer::MakeStreamless(const HttpRule& rule, std::string_view target,
                                            const ReplyMetadata& metadata,
                                            const grpc::Status& status,
                                            const StreamFraming& framing) const {
  if (!status.ok() || rule.reply_is_http_body) {
    return Make(rule, target, metadata, status, grpc::ByteBuffer());
  }
  HttpResponse response = StreamHead(metadata.initial, framing.content_type());
  response.body = framing.End();
  return response;
}

HttpResponse UpstreamAnswer::StreamHead(const MetadataMap& initial_metadata,
                                        std::string content_type) const {
  HttpResponse head;
  head.headers = ResponseHeaders(initial_metadata);
  head.headers.push_back({"content-type", std::move(content_type)});
  if (suite_headers_) ApplySuiteStatus(head);
  AddStatusHeaders(head);
  return head;
}

absl::StatusOr<HttpResponse> UpstreamAnswer::HttpBodyHead(const HttpRule& rule,
                                                          const MetadataMap& initial_metadata,
                                                          const grpc::ByteBuffer& first) const {
  CLV_ASSIGN_OR_RETURN(Transcoder::Reply decoded, transcoder_.DecodeReply(rule, first));
  return StreamHead(initial_metadata, std::move(decoded.content_type));
}

std::optional<std::string> UpstreamAnswer::Piece(const HttpRule& rule,
                                                 const grpc::ByteBuffer& message) const {
  absl::StatusOr<Transcoder::Reply> decoded = transcoder_.DecodeReply(rule, message);
  if (!decoded.ok()) return std::nullopt;
  return std::move(decoded->body);
}

std::string UpstreamAnswer::LateFailure(const grpc::Status& status,
                                        std::string without_conversion) const {
  if (!transcoder_.options().convert_grpc_status) return without_conversion;
  const std::string message = WithValidUtf8(RedactTokens(PublicMessage(status)));
  return transcoder_.StatusJson(SerializedStatus(status, message))
      .value_or(std::move(without_conversion));
}

HttpHeaders UpstreamAnswer::Trailers(const MetadataMap& trailing_metadata,
                                     const grpc::Status& status) const {
  HttpResponse trailers;
  AddGrpcStatusHeaders(status.error_code(), RedactTokens(PublicMessage(status)), trailers);
  for (HttpHeader& header : ResponseHeaders(trailing_metadata)) {
    trailers.headers.push_back(std::move(header));
  }
  return std::move(trailers.headers);
}

HttpResponse UpstreamAnswer::Refuse(const absl::Status& why, std::string_view target) const {
  return errors_.Make(absl::IsOutOfRange(why) ? 413 : 400, std::string(why.message()), target);
}

HttpResponse UpstreamAnswer::BadReply(const absl::Status& why, std::string_view target) const {
  return errors_.Make(absl::IsOutOfRange(why) ? 500 : 502, std::string(why.message()), target);
}

HttpResponse UpstreamAnswer::Success(const HttpRule& rule, std::string_view target,
                                     const ReplyMetadata& metadata,
                                     const grpc::ByteBuffer& reply) const {
  absl::StatusOr<Transcoder::Reply> decoded = transcoder_.DecodeReply(rule, reply);
  if (!decoded.ok()) return BadReply(decoded.status(), target);
  HttpResponse response;
  response.headers = ResponseHeaders(metadata.initial);
  response.headers.push_back({"content-type", std::move(decoded->content_type)});
  AddGrpcStatusHeaders(grpc::StatusCode::OK, "", response);
  response.body = std::move(decoded->body);
  if (suite_headers_) ApplySuiteStatus(response);
  return response;
}

// Initial metadata, and the trailing ones that an HTTP/1.1 client could not see otherwise.
HttpHeaders UpstreamAnswer::FailureHeaders(const ReplyMetadata& metadata) const {
  HttpHeaders headers = ResponseHeaders(metadata.initial);
  HttpHeaders trailers = ResponseHeaders(metadata.trailing);
  headers.insert(headers.end(), std::make_move_iterator(trailers.begin()),
                 std::make_move_iterator(trailers.end()));
  if (suite_headers_) {
    std::erase_if(headers, [](const HttpHeader& header) { return header.name == kSuiteStatus; });
  }
  return headers;
}

HttpResponse UpstreamAnswer::Failure(std::string_view target, const ReplyMetadata& metadata,
                                     const grpc::Status& status) const {
  const int http_status = HttpStatusOf(status.error_code());
  const std::string message = WithValidUtf8(RedactTokens(PublicMessage(status)));
  HttpResponse response;
  if (errors_.HasV0Shape(target)) {
    response = errors_.Make(http_status, message, target);
  } else if (!transcoder_.options().convert_grpc_status) {
    response.status = http_status;
    AddStatusHeadersOf(status, message, response);
  } else {
    absl::StatusOr<std::string> json = transcoder_.StatusJson(SerializedStatus(status, message));
    if (json.ok()) {
      response.status = http_status;
      response.headers.push_back({"content-type", "application/json"});
      response.body = *std::move(json);
    } else {
      // A detail of a type that the descriptor set lacks. Envoy leaves the body empty; the suite's
      // clients want JSON with every error.
      if (suite_headers_)
        response = errors_.Make(http_status, status.error_code(), message, target);
      response.status = http_status;
      AddStatusHeadersOf(status, message, response);
    }
  }
  // What the gateway says itself comes first; a name that the service gives twice is kept twice.
  HttpHeaders theirs = FailureHeaders(metadata);
  std::erase_if(theirs, [&response](const HttpHeader& header) {
    return FindHeader(response.headers, header.name) != nullptr;
  });
  response.headers.insert(response.headers.end(), std::make_move_iterator(theirs.begin()),
                          std::make_move_iterator(theirs.end()));
  return response;
}

}  // namespace clv::gateway
