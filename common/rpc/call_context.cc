#include "common/rpc/call_context.h"

#include <algorithm>
#include <random>
#include <utility>

#include "common/rpc/access_table.h"
#include "common/rpc/v0_reply.h"

namespace clv::rpc {
namespace {

std::string RandomId() {
  thread_local std::mt19937_64 generator(std::random_device{}());
  constexpr char kDigits[] = "0123456789abcdef";
  std::string id;
  for (uint64_t bits = generator(), i = 0; i < 16; ++i, bits >>= 4) id += kDigits[bits & 15];
  return id;
}

bool IsSaneId(const std::string& id) {
  return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

std::string LowerCase(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

}  // namespace

CallContext::CallContext(std::shared_ptr<CallPeer> peer, std::string method)
    : peer_(std::move(peer)),
      method_(std::move(method)),
      deadline_(std::chrono::steady_clock::time_point::max()),
      request_id_(Metadata("x-request-id")),
      original_path_(Metadata(kOriginalPathMetadata)),
      content_encoding_(LowerCase(Metadata("content-encoding"))) {
  if (!IsSaneId(request_id_)) request_id_ = RandomId();
}

absl::Status CallContext::RequireAnyOf(const std::vector<std::string>& scopes) const {
  AccessRule rule;
  rule.any_of = scopes;
  return CheckAccess(rule, caller_);
}

}  // namespace clv::rpc
