#include "services/gateway/header_mapping.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "services/gateway/percent_coding.h"

namespace clv::gateway {
namespace {

constexpr std::string_view kOriginalPath = "x-envoy-original-path";
constexpr std::string_view kOriginalMethod = "x-envoy-original-method";

// Of one connection or of the framing, in either direction; `name` in lower case.
bool IsConnectionHeader(std::string_view name) {
  static constexpr std::string_view kNames[] = {"connection",
                                                "content-length",
                                                "content-type",
                                                "expect",
                                                "host",
                                                "keep-alive",
                                                "proxy-authenticate",
                                                "http2-settings",
                                                "proxy-authorization",
                                                "proxy-connection",
                                                "te",
                                                "trailer",
                                                "transfer-encoding",
                                                "upgrade"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

bool IsReserved(std::string_view name) {
  return IsConnectionHeader(name) || name.starts_with("grpc-") || name == kOriginalPath ||
         name == kOriginalMethod;
}

bool IsMetadataName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_islower(static_cast<unsigned char>(c)) ||
           absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.';
  });
}

bool IsMetadataValue(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

// The names that the `connection` headers list, in lower case.
std::vector<std::string> ConnectionOptions(const HttpHeaders& headers) {
  std::vector<std::string> options;
  for (const HttpHeader& header : headers) {
    if (!EqualHeaderNames(header.name, "connection")) continue;
    for (const absl::string_view option : absl::StrSplit(header.value, ',')) {
      options.push_back(absl::AsciiStrToLower(absl::StripAsciiWhitespace(option)));
    }
  }
  return options;
}

std::optional<std::chrono::nanoseconds> ParseGrpcTimeout(std::string_view text) {
  constexpr size_t kMaxDigits = 8;
  if (text.size() < 2 || text.size() > kMaxDigits + 1) return std::nullopt;
  int64_t amount = 0;
  for (const char c : text.substr(0, text.size() - 1)) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return std::nullopt;
    amount = amount * 10 + (c - '0');
  }
  switch (text.back()) {
    case 'H':
      // 99,999,999 hours do not fit into nanoseconds.
      return std::chrono::hours(std::min<int64_t>(amount, 24 * 365));
    case 'M':
      return std::chrono::minutes(amount);
    case 'S':
      return std::chrono::seconds(amount);
    case 'm':
      return std::chrono::milliseconds(amount);
    case 'u':
      return std::chrono::microseconds(amount);
    case 'n':
      return std::chrono::nanoseconds(amount);
    default:
      return std::nullopt;
  }
}

}  // namespace

HttpHeaders RequestMetadata(const HttpRequest& request, std::string_view target) {
  HttpHeaders metadata;
  metadata.reserve(request.headers.size() + 2);
  const std::vector<std::string> connection_options = ConnectionOptions(request.headers);
  for (const HttpHeader& header : request.headers) {
    std::string name = absl::AsciiStrToLower(header.name);
    if (IsReserved(name) || !IsMetadataName(name) ||
        std::find(connection_options.begin(), connection_options.end(), name) !=
            connection_options.end()) {
      continue;
    }
    if (name.ends_with("-bin")) {
      std::string bytes;
      if (absl::Base64Unescape(header.value, &bytes)) {
        metadata.push_back({std::move(name), std::move(bytes)});
      }
    } else if (IsMetadataValue(header.value)) {
      metadata.push_back({std::move(name), header.value});
    }
  }
  metadata.push_back({std::string(kOriginalPath), PercentEncodeUnprintable(target)});
  metadata.push_back({std::string(kOriginalMethod), request.method});
  return metadata;
}

HttpHeaders ResponseHeaders(const MetadataMap& metadata) {
  HttpHeaders headers;
  for (const auto& [key, value] : metadata) {
    const std::string_view name(key.data(), key.size());
    if (IsConnectionHeader(name) || name.starts_with("grpc-")) continue;
    std::string text(value.data(), value.size());
    headers.push_back(
        {std::string(name), name.ends_with("-bin") ? MetadataBase64(text) : std::move(text)});
  }
  return headers;
}

std::string MetadataBase64(const std::string& bytes) {
  std::string text = absl::Base64Escape(bytes);
  while (!text.empty() && text.back() == '=') text.pop_back();
  return text;
}

bool IsGrpcContentType(std::string_view content_type) {
  static constexpr std::string_view kGrpc = "application/grpc";
  if (!content_type.starts_with(kGrpc)) return false;
  return content_type.size() == kGrpc.size() || content_type[kGrpc.size()] == '+' ||
         content_type[kGrpc.size()] == ';';
}

std::optional<std::chrono::nanoseconds> ClientTimeout(const HttpHeaders& headers) {
  if (const std::string* timeout = FindHeader(headers, "grpc-timeout")) {
    if (const auto parsed = ParseGrpcTimeout(*timeout)) return parsed;
  }
  if (const std::string* timeout = FindHeader(headers, "x-envoy-expected-rq-timeout-ms")) {
    int32_t milliseconds = 0;
    if (absl::SimpleAtoi(*timeout, &milliseconds) && milliseconds > 0) {
      return std::chrono::milliseconds(milliseconds);
    }
  }
  return std::nullopt;
}

}  // namespace clv::gateway
