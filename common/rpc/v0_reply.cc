#include "common/rpc/v0_reply.h"

#include <charconv>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "common/rpc/json_text.h"

namespace clv::rpc {
namespace {

constexpr char kHttpStatusPayload[] = "clv/http-status";
constexpr char kDocumentationPayload[] = "clv/documentation";
constexpr char kRetryAfterPayload[] = "clv/retry-after";

int HttpStatusOfCode(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk:
      return 200;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
      return 400;
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return 403;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kDeadlineExceeded:
      return 408;
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kAborted:
      return 409;
    case absl::StatusCode::kResourceExhausted:
      return 429;
    case absl::StatusCode::kCancelled:
      return 499;
    case absl::StatusCode::kUnimplemented:
      return 501;
    case absl::StatusCode::kUnavailable:
      return 503;
    default:
      return 500;
  }
}

std::string DocumentationOf(const absl::Status& status, int http_status) {
  if (const auto payload = status.GetPayload(kDocumentationPayload)) return std::string(*payload);
  switch (http_status) {
    case 400:
      return "query-parameters";
    case 403:
      return "authentication";
    case 408:
    case 429:
    case 503:
      return "limits";
    default:
      return "pipes";
  }
}

}  // namespace

absl::Status V0Error(absl::StatusCode code, int http_status, std::string_view text,
                     std::string_view documentation) {
  absl::Status status(code, absl::string_view(text.data(), text.size()));
  status.SetPayload(kHttpStatusPayload, absl::Cord(absl::StrCat(http_status)));
  status.SetPayload(kDocumentationPayload,
                    absl::Cord(absl::string_view(documentation.data(), documentation.size())));
  return status;
}

absl::Status WithRetryAfter(absl::Status status, uint64_t seconds) {
  status.SetPayload(kRetryAfterPayload, absl::Cord(absl::StrCat(seconds)));
  return status;
}

std::string RetryAfterOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kRetryAfterPayload);
  return payload ? std::string(*payload) : std::string();
}

int HttpStatusOf(const absl::Status& status) {
  if (const auto payload = status.GetPayload(kHttpStatusPayload)) {
    const std::string digits(*payload);
    int http_status = 500;
    std::from_chars(digits.data(), digits.data() + digits.size(), http_status);
    return http_status;
  }
  return HttpStatusOfCode(status.code());
}

V0Reply V0ErrorReply(const absl::Status& status) {
  V0Reply reply;
  reply.http_status = HttpStatusOf(status);
  reply.body = "{\"error\": ";
  AppendJsonText(std::string_view(status.message().data(), status.message().size()), &reply.body);
  reply.body += ", \"documentation\": ";
  AppendJsonText("/#" + DocumentationOf(status, reply.http_status), &reply.body);
  reply.body += '}';
  if (reply.http_status == 429 || reply.http_status == 503) {
    const std::string seconds = RetryAfterOf(status);
    reply.headers.emplace_back(kRetryAfterMetadata, seconds.empty() ? "1" : seconds);
  }
  return reply;
}

}  // namespace clv::rpc
