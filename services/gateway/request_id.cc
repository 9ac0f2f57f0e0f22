#include "services/gateway/request_id.h"

#include <algorithm>
#include <cstdint>
#include <random>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace clv::gateway {
namespace {

constexpr size_t kMaxLength = 128;

bool IsWellFormed(const std::string& id) {
  return !id.empty() && id.size() <= kMaxLength && std::all_of(id.begin(), id.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
  });
}

// An id is no secret: it need not be hard to guess, only unlikely to come twice.
std::string RandomId() {
  thread_local std::mt19937_64 random = [] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device()};
    return std::mt19937_64(seed);
  }();
  return absl::StrCat(absl::Hex(random(), absl::kZeroPad16), absl::Hex(random(), absl::kZeroPad16));
}

}  // namespace

std::string EnsureRequestId(HttpRequest& request) {
  const std::string* given = FindHeader(request.headers, kRequestIdHeader);
  std::string id = given != nullptr && IsWellFormed(*given) ? *given : RandomId();
  std::erase_if(request.headers, [](const HttpHeader& header) {
    return EqualHeaderNames(header.name, kRequestIdHeader);
  });
  request.headers.push_back({kRequestIdHeader, id});
  return id;
}

}  // namespace clv::gateway
