#include "services/gateway/http_types.h"

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

namespace clv::gateway {

bool EqualHeaderNames(std::string_view a, std::string_view b) {
  return absl::EqualsIgnoreCase(absl::string_view(a.data(), a.size()),
                                absl::string_view(b.data(), b.size()));
}

const std::string* FindHeader(const HttpHeaders& headers, std::string_view name) {
  for (const HttpHeader& header : headers) {
    if (EqualHeaderNames(header.name, name)) return &header.value;
  }
  return nullptr;
}

}  // namespace clv::gateway
