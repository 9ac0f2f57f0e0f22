#include "services/gateway/upstream_answer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
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
                                  const grpc::ClientContext& context, const grpc::Status& status,
                                  const grpc::ByteBuffer& reply) const {
  HttpResponse response =
      status.ok() ? Success(rule, target, context, reply) : Failure(target, context, status);
  AddStatusHeaders(response);
  return response;
}

UpstreamAnswer::Begun UpstreamAnswer::Begin(const HttpRule& rule, std::string_view target,
                                            const grpc::ClientContext& context,
                                            const grpc::ByteBuffer& first) const {
  absl::StatusOr<Transcoder::Reply> decoded = transcoder_.DecodeReply(rule, first);
  if (!decoded.ok()) {
    const int status = absl::IsOutOfRange(decoded.status()) ? 500 : 502;
    return {.head = errors_.Make(status, std::string(decoded.status().message()), target)};
  }
  Begun begun{.bytes = std::move(decoded->body), .is_well = true};
  begun.head.headers = ResponseHeaders(context.GetServerInitialMetadata());
  begun.head.headers.push_back({"content-type", std::move(decoded->content_type)});
  if (suite_headers_) ApplySuiteStatus(begun.head);
  AddStatusHeaders(begun.head);
  return begun;
}

std::optional<std::string> UpstreamAnswer::Piece(const HttpRule& rule,
                                                 const grpc::ByteBuffer& message) const {
  absl::StatusOr<Transcoder::Reply> decoded = transcoder_.DecodeReply(rule, message);
  if (!decoded.ok()) return std::nullopt;
  return std::move(decoded->body);
}

HttpResponse UpstreamAnswer::Success(const HttpRule& rule, std::string_view target,
                                     const grpc::ClientContext& context,
                                     const grpc::ByteBuffer& reply) const {
  absl::StatusOr<Transcoder::Reply> decoded = transcoder_.DecodeReply(rule, reply);
  if (!decoded.ok()) {
    const int status = absl::IsOutOfRange(decoded.status()) ? 500 : 502;
    return errors_.Make(status, std::string(decoded.status().message()), target);
  }
  HttpResponse response;
  response.headers = ResponseHeaders(context.GetServerInitialMetadata());
  response.headers.push_back({"content-type", std::move(decoded->content_type)});
  AddGrpcStatusHeaders(grpc::StatusCode::OK, "", response);
  response.body = std::move(decoded->body);
  if (suite_headers_) ApplySuiteStatus(response);
  return response;
}

// Initial metadata, and the trailing ones that an HTTP/1.1 client could not see otherwise.
HttpHeaders UpstreamAnswer::FailureHeaders(const grpc::ClientContext& context) const {
  HttpHeaders headers = ResponseHeaders(context.GetServerInitialMetadata());
  HttpHeaders trailers = ResponseHeaders(context.GetServerTrailingMetadata());
  headers.insert(headers.end(), std::make_move_iterator(trailers.begin()),
                 std::make_move_iterator(trailers.end()));
  if (suite_headers_) {
    std::erase_if(headers, [](const HttpHeader& header) { return header.name == kSuiteStatus; });
  }
  return headers;
}

HttpResponse UpstreamAnswer::Failure(std::string_view target, const grpc::ClientContext& context,
                                     const grpc::Status& status) const {
  const int http_status = HttpStatusOf(status.error_code());
  const std::string message = WithValidUtf8(RedactTokens(PublicMessage(status)));
  HttpResponse response;
  if (errors_.HasV0Shape(target)) {
    response = errors_.Make(http_status, message, target);
  } else if (!transcoder_.options().convert_grpc_status) {
    response.status = http_status;
    AddGrpcStatusHeaders(status.error_code(), message, response);
  } else {
    absl::StatusOr<std::string> json = transcoder_.StatusJson(SerializedStatus(status, message));
    if (json.ok()) {
      response.status = http_status;
      response.headers.push_back({"content-type", "application/json"});
      response.body = *std::move(json);
    } else {
      // A detail of a type that the descriptor set lacks: the rest is still worth telling.
      response = errors_.Make(http_status, status.error_code(), message, target);
      AddGrpcStatusHeaders(status.error_code(), message, response);
    }
  }
  for (HttpHeader& header : FailureHeaders(context)) {
    if (FindHeader(response.headers, header.name) == nullptr ||
        EqualHeaderNames(header.name, "set-cookie")) {
      response.headers.push_back(std::move(header));
    }
  }
  return response;
}

}  // namespace clv::gateway
