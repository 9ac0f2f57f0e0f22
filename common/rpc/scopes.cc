#include "common/rpc/scopes.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/rpc/status_conversion.h"

namespace clv::rpc {
namespace {

struct Family {
  std::string_view written;
  std::string_view canonical;
};

constexpr std::array<Family, 6> kFamilies = {{
    {"DATASOURCES:APPEND:", "DATASOURCES:APPEND:"},
    {"DATASOURCES:READ:", "DATASOURCES:READ:"},
    {"PIPES:READ:", "PIPES:READ:"},
    {"DATASOURCE:APPEND:", "DATASOURCES:APPEND:"},
    {"DATASOURCE:READ:", "DATASOURCES:READ:"},
    {"PIPE:READ:", "PIPES:READ:"},
}};

bool IsResource(std::string_view text) {
  if (text == "*") return true;
  return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

}  // namespace

absl::StatusOr<std::string> CanonicalScope(std::string_view text) {
  if (text == "ADMIN" || text == "TOKENS") return std::string(text);
  for (const Family& family : kFamilies) {
    if (!text.starts_with(family.written)) continue;
    const std::string_view resource = text.substr(family.written.size());
    if (!IsResource(resource)) break;
    return std::string(family.canonical) + std::string(resource);
  }
  return FieldError(
      "scopes", text,
      "ADMIN, TOKENS, DATASOURCES:APPEND:<data source>, DATASOURCES:READ:<data source> or "
      "PIPES:READ:<endpoint>");
}

bool Caller::May(std::string_view scope) const {
  const size_t colon = scope.rfind(':');
  return std::any_of(scopes.begin(), scopes.end(), [&](const std::string& held) {
    if (held == "ADMIN" || held == scope) return true;
    return colon != std::string_view::npos && held.size() == colon + 2 && held.ends_with('*') &&
           scope.starts_with(std::string_view(held).substr(0, colon + 1));
  });
}

}  // namespace clv::rpc
