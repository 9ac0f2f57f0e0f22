#include "common/rpc/scopes.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
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

bool ScopeOpens(std::string_view held, std::string_view wanted) {
  if (held == "ADMIN" || held == wanted) return true;
  const size_t colon = wanted.rfind(':');
  return colon != std::string_view::npos && held.size() == colon + 2 && held.ends_with('*') &&
         wanted.starts_with(held.substr(0, colon + 1));
}

bool Caller::May(std::string_view scope) const {
  const auto opens = [&](const std::string& held) { return ScopeOpens(held, scope); };
  const auto opens_a_part = [&](const FixedScope& held) { return ScopeOpens(held.scope, scope); };
  return std::any_of(scopes.begin(), scopes.end(), opens) &&
         std::none_of(fixed_scopes.begin(), fixed_scopes.end(), opens_a_part);
}

bool Caller::MayWithFixedParams(std::string_view scope) const {
  const auto opens = [&](const std::string& held) { return ScopeOpens(held, scope); };
  const auto opens_a_part = [&](const FixedScope& held) { return ScopeOpens(held.scope, scope); };
  return std::any_of(scopes.begin(), scopes.end(), opens) ||
         std::any_of(fixed_scopes.begin(), fixed_scopes.end(), opens_a_part);
}

absl::StatusOr<FixedParams> Caller::FixedParamsOf(std::string_view scope) const {
  FixedParams all;
  for (const FixedScope& held : fixed_scopes) {
    if (!ScopeOpens(held.scope, scope)) continue;
    for (const auto& [param, value] : held.params) {
      if (const auto [place, is_new] = all.emplace(param, value);
          !is_new && place->second != value) {
        return absl::PermissionDeniedError(
            absl::StrCat("the token fixes the parameter '", param, "' to two different values"));
      }
    }
  }
  return all;
}

}  // namespace clv::rpc
