#include "tools/cli/url.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace clv::cli {
namespace {

bool IsUnreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

bool IsPort(std::string_view text) {
  return !text.empty() && text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string ServerUrl::Authority() const {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  std::string authority = is_ipv6 ? absl::StrCat("[", host, "]") : host;
  return port == "80" ? authority : authority.append(":").append(port);
}

std::string ServerUrl::ToString() const { return absl::StrCat("http://", Authority(), base_path); }

absl::StatusOr<ServerUrl> ParseUrl(std::string_view text) {
  constexpr std::string_view kScheme = "http://";
  const absl::Status refused = absl::InvalidArgumentError(
      absl::StrCat("url: ", std::string(text), ", want http://host[:port][/base]"));
  if (!text.starts_with(kScheme)) {
    return refused;
  }
  text.remove_prefix(kScheme.size());
  ServerUrl url;
  const size_t slash = std::min(text.find('/'), text.size());
  url.base_path = std::string(text.substr(slash));
  while (url.base_path.ends_with('/')) {
    url.base_path.pop_back();
  }
  std::string_view authority = text.substr(0, slash);
  size_t host_end = authority.find(':');
  if (authority.starts_with('[')) {
    host_end = authority.find(']');
    if (host_end == std::string_view::npos) {
      return refused;
    }
    url.host = std::string(authority.substr(1, host_end - 1));
    ++host_end;
  } else {
    url.host = std::string(authority.substr(0, host_end));
  }
  const std::string_view rest = authority.substr(std::min(host_end, authority.size()));
  url.port = rest.empty() ? "80" : std::string(rest.substr(1));
  const bool clean = std::all_of(url.host.begin(), url.host.end(),
                                 [](char c) { return IsUnreserved(c) || c == ':'; });
  if (url.host.empty() || !clean || !IsPort(url.port) || (!rest.empty() && rest[0] != ':') ||
      url.base_path.find_first_of("?# ") != std::string::npos) {
    return refused;
  }
  return url;
}

std::string PercentEncode(std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    if (IsUnreserved(c)) {
      encoded += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      encoded += '%';
      encoded += kHex[byte >> 4];
      encoded += kHex[byte & 15];
    }
  }
  return encoded;
}

std::string EncodeParameters(const Parameters& parameters) {
  std::string encoded;
  for (const auto& [key, value] : parameters) {
    absl::StrAppend(&encoded, encoded.empty() ? "" : "&", PercentEncode(key), "=",
                    PercentEncode(value));
  }
  return encoded;
}

}  // namespace clv::cli
