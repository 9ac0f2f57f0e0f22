#include "common/rpc/access_table.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "clv/v1/options.pb.h"

namespace clv::rpc {
namespace {

constexpr char kAnyToken[] = "AUTHENTICATED";

}  // namespace

absl::Status CheckAccess(const AccessRule& rule, const Caller& caller) {
  for (const std::string& scope : rule.any_of) {
    if (scope == kAnyToken) return absl::OkStatus();
    if (rule.applies_fixed_params ? caller.MayWithFixedParams(scope) : caller.May(scope)) {
      return absl::OkStatus();
    }
  }
  return absl::PermissionDeniedError(
      absl::StrCat("the token lacks the scope: want ", absl::StrJoin(rule.any_of, " or ")));
}

AccessTable::AccessTable(const google::protobuf::ServiceDescriptor& service) {
  for (int i = 0; i < service.method_count(); ++i) {
    const google::protobuf::MethodDescriptor& method = *service.method(i);
    if (!method.options().HasExtension(v1::access)) continue;
    const v1::Access& access = method.options().GetExtension(v1::access);
    AccessRule& rule = rules_[method.name()];
    rule.is_public = access.public_();
    rule.any_of.assign(access.any_of().begin(), access.any_of().end());
    rule.is_stream = method.client_streaming();
    rule.applies_fixed_params = access.applies_fixed_params();
  }
}

const AccessRule* AccessTable::Find(const std::string& method) const {
  const auto found = rules_.find(method);
  return found == rules_.end() ? nullptr : &found->second;
}

}  // namespace clv::rpc
