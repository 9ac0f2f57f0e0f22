#include "services/gateway/error_reply.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "services/gateway/json_text.h"
#include "services/gateway/status_mapping.h"

namespace clv::gateway {
namespace {

void AddUnlessThere(std::string_view name, std::string_view value, HttpHeaders& headers) {
  if (FindHeader(headers, name) == nullptr) {
    headers.push_back({std::string(name), std::string(value)});
  }
}

}  // namespace

std::string RedactTokens(std::string_view text) {
  static constexpr std::string_view kKey = "token=";
  std::string out;
  while (true) {
    const size_t key = text.find(kKey);
    if (key == std::string_view::npos) return out.append(text);
    out.append(text.substr(0, key + kKey.size())).append("***");
    text.remove_prefix(key + kKey.size());
    const size_t end = text.find_first_of("& \t\r\n\"'");
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end);
  }
}

void AddStatusHeaders(HttpResponse& response) {
  if (response.status == 429 || response.status == 503) {
    AddUnlessThere("retry-after", "1", response.headers);
  } else if (response.status == 401) {
    AddUnlessThere("www-authenticate", "Bearer", response.headers);
  }
}

bool ErrorReply::HasV0Shape(std::string_view target) const {
  return options_.v0_shape &&
         (target.starts_with("/v0/") || target.substr(0, target.find('?')) == "/v0");
}

HttpResponse ErrorReply::Make(int status, std::string_view message, std::string_view target) const {
  return Make(status, GrpcCodeOf(status), message, target);
}

HttpResponse ErrorReply::Make(int status, int grpc_code, std::string_view message,
                              std::string_view target) const {
  const std::string quoted = JsonQuote(WithValidUtf8(RedactTokens(message)));
  HttpResponse response;
  response.status = status;
  if (HasV0Shape(target)) {
    response.headers.push_back({"content-type", "application/json; charset=UTF-8"});
    response.body = absl::StrCat("{\"error\":", quoted,
                                 ",\"documentation\":", JsonQuote(options_.documentation_url), "}");
  } else {
    response.headers.push_back({"content-type", "application/json"});
    response.body =
        absl::StrCat("{\"code\":", grpc_code, ",\"message\":", quoted, ",\"details\":[]}");
  }
  AddStatusHeaders(response);
  return response;
}

}  // namespace clv::gateway
