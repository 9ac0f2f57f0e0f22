#include "services/gateway/request_target.h"

#include "absl/strings/str_cat.h"

namespace clv::gateway {

std::optional<std::string> OriginForm(std::string_view target) {
  if (target.starts_with('/')) return std::string(target);
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    target.remove_prefix(scheme.size());
    const size_t path = target.find_first_of("/?");
    if (path == std::string_view::npos) return "/";
    return absl::StrCat(target[path] == '/' ? "" : "/", std::string(target.substr(path)));
  }
  return std::nullopt;
}

}  // namespace clv::gateway
