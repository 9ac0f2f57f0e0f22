#include "services/gateway/cors.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace clv::gateway {
namespace {

constexpr char kAnyOrigin[] = "*";
constexpr char kRequestHeaders[] = "Authorization, Content-Type, Content-Encoding";
constexpr char kReadableHeaders[] =
    "X-CLV-Context, X-CLV-Log-Position, X-CLV-Visible, X-RateLimit-Limit, X-RateLimit-Remaining, "
    "X-RateLimit-Reset, Retry-After";

// Chromium keeps a preflight's answer no longer than this, whatever it says.
constexpr char kMaxAgeSeconds[] = "7200";

bool IsOrigin(std::string_view text) {
  const size_t separator = text.find("://");
  if (separator == std::string_view::npos || separator == 0) return false;
  const std::string_view host = text.substr(separator + 3);
  return !host.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isgraph(static_cast<unsigned char>(c)) && c != ',' && c != '*';
  }) && host.find_first_of("/?#@") == std::string_view::npos;
}

bool IsCorsMethod(std::string_view method) {
  static constexpr std::string_view kMethods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
  return std::find(std::begin(kMethods), std::end(kMethods), method) != std::end(kMethods);
}

}  // namespace

CorsPolicy::CorsPolicy(std::vector<std::string> origins)
    : origins_(std::move(origins)),
      any_origin_(std::find(origins_.begin(), origins_.end(), kAnyOrigin) != origins_.end()) {}

absl::StatusOr<CorsPolicy> CorsPolicy::Create(std::vector<std::string> origins) {
  for (std::string& origin : origins) {
    if (origin != kAnyOrigin && !IsOrigin(origin)) {
      return absl::InvalidArgumentError(
          absl::StrCat("CORS origin: \"", origin, "\", want scheme://host[:port] or *"));
    }
    absl::AsciiStrToLower(&origin);
  }
  return CorsPolicy(std::move(origins));
}

bool CorsPolicy::Allows(const HttpRequest& request) const {
  const std::string* origin = FindHeader(request.headers, "origin");
  return origin != nullptr &&
         (any_origin_ || std::find(origins_.begin(), origins_.end(), *origin) != origins_.end());
}

HttpHeaders CorsPolicy::AnswerHeaders(const HttpRequest& request) const {
  HttpHeaders headers = {{"vary", "Origin"}};
  if (Allows(request)) {
    headers.push_back({"access-control-allow-origin",
                       any_origin_ ? kAnyOrigin : *FindHeader(request.headers, "origin")});
    headers.push_back({"access-control-expose-headers", kReadableHeaders});
  }
  return headers;
}

HttpHeaders CorsPolicy::PreflightHeaders(const HttpRequest& request,
                                         const std::vector<std::string>& methods) const {
  if (!Allows(request) || FindHeader(request.headers, "access-control-request-method") == nullptr) {
    return {};
  }
  std::vector<std::string> usable;
  std::copy_if(methods.begin(), methods.end(), std::back_inserter(usable), IsCorsMethod);
  return {{"access-control-allow-methods", absl::StrJoin(usable, ", ")},
          {"access-control-allow-headers", kRequestHeaders},
          {"access-control-max-age", kMaxAgeSeconds}};
}

}  // namespace clv::gateway
