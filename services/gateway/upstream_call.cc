#include "services/gateway/upstream_call.h"

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

}  // namespace

void CallCounter::Begin() {
  const std::lock_guard lock(mutex_);
  ++calls_;
}

void CallCounter::End() {
  const std::lock_guard lock(mutex_);
  if (--calls_ == 0) none_.notify_all();
}

void CallCounter::WaitUntilNone() {
  std::unique_lock lock(mutex_);
  none_.wait(lock, [this] { return calls_ == 0; });
}

UpstreamCall::UpstreamCall(const Environment& environment, std::shared_ptr<HttpExchange> exchange,
                           const HttpRule& rule, std::string target)
    : environment_(environment),
      exchange_(std::move(exchange)),
      rule_(rule),
      target_(std::move(target)) {}

void UpstreamCall::Start(grpc::GenericStub& stub, grpc::ByteBuffer request,
                         std::chrono::system_clock::time_point deadline) {
  request_ = std::move(request);
  for (const HttpHeader& entry : RequestMetadata(exchange_->request(), target_)) {
    context_.AddMetadata(entry.name, entry.value);
  }
  context_.set_deadline(deadline);
  environment_.counter.Begin();
  exchange_->OnAbandoned([call = shared_from_this()] { call->context_.TryCancel(); });
  stub.UnaryCall(&context_, rule_.grpc_path, grpc::StubOptions(), &request_, &reply_,
                 [call = shared_from_this()](const grpc::Status& status) { call->OnDone(status); });
}

void UpstreamCall::OnDone(const grpc::Status& status) {
  HttpResponse response = status.ok() ? Success() : Failure(status);
  AddStatusHeaders(response);
  exchange_->Respond(std::move(response));
  environment_.counter.End();
}

HttpResponse UpstreamCall::Success() {
  absl::StatusOr<Transcoder::Reply> reply = environment_.transcoder.DecodeReply(rule_, reply_);
  if (!reply.ok()) {
    const int status = absl::IsOutOfRange(reply.status()) ? 500 : 502;
    return environment_.errors.Make(status, std::string(reply.status().message()), target_);
  }
  HttpResponse response;
  response.headers = ResponseHeaders(context_.GetServerInitialMetadata());
  response.headers.push_back({"content-type", std::move(reply->content_type)});
  AddGrpcStatusHeaders(grpc::StatusCode::OK, "", response);
  response.body = std::move(reply->body);
  if (environment_.suite_headers) ApplySuiteStatus(response);
  return response;
}

void UpstreamCall::ApplySuiteStatus(HttpResponse& response) const {
  const std::string* text = FindHeader(response.headers, kSuiteStatus);
  int status = 0;
  if (text != nullptr && absl::SimpleAtoi(*text, &status) && status >= 200 && status <= 599) {
    response.status = status;
  }
  std::erase_if(response.headers,
                [](const HttpHeader& header) { return header.name == kSuiteStatus; });
}

// Initial metadata, and the trailing ones that an HTTP/1.1 client could not see otherwise.
HttpHeaders UpstreamCall::FailureHeaders() {
  HttpHeaders headers = ResponseHeaders(context_.GetServerInitialMetadata());
  HttpHeaders trailers = ResponseHeaders(context_.GetServerTrailingMetadata());
  headers.insert(headers.end(), std::make_move_iterator(trailers.begin()),
                 std::make_move_iterator(trailers.end()));
  if (environment_.suite_headers) {
    std::erase_if(headers, [](const HttpHeader& header) { return header.name == kSuiteStatus; });
  }
  return headers;
}

HttpResponse UpstreamCall::Failure(const grpc::Status& status) {
  const int http_status = HttpStatusOf(status.error_code());
  const std::string message = WithValidUtf8(RedactTokens(PublicMessage(status)));
  HttpResponse response;
  if (environment_.errors.HasV0Shape(target_)) {
    response = environment_.errors.Make(http_status, message, target_);
  } else if (!environment_.transcoder.options().convert_grpc_status) {
    response.status = http_status;
    AddGrpcStatusHeaders(status.error_code(), message, response);
  } else {
    absl::StatusOr<std::string> json =
        environment_.transcoder.StatusJson(SerializedStatus(status, message));
    if (json.ok()) {
      response.status = http_status;
      response.headers.push_back({"content-type", "application/json"});
      response.body = *std::move(json);
    } else {
      // A detail of a type that the descriptor set lacks: the rest is still worth telling.
      response = environment_.errors.Make(http_status, status.error_code(), message, target_);
      AddGrpcStatusHeaders(status.error_code(), message, response);
    }
  }
  for (HttpHeader& header : FailureHeaders()) {
    if (FindHeader(response.headers, header.name) == nullptr ||
        EqualHeaderNames(header.name, "set-cookie")) {
      response.headers.push_back(std::move(header));
    }
  }
  return response;
}

}  // namespace clv::gateway
