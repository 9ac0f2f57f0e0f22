#include "common/rpc/fixed_params.h"

#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clv/v1/options.pb.h"
#include "common/base/status_macros.h"
#include "common/rpc/parameter_binding.h"
#include "common/rpc/status_conversion.h"

namespace clv::rpc {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::Message;
using google::protobuf::MessageFactory;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

const v1::Access& AccessOf(const MethodDescriptor& method) {
  return method.options().GetExtension(v1::access);
}

// The scopes that open the method that takes this request.
std::vector<std::string> ScopesOfRequest(const Descriptor& request) {
  const FileDescriptor& file = *request.file();
  for (int s = 0; s < file.service_count(); ++s) {
    for (int m = 0; m < file.service(s)->method_count(); ++m) {
      const MethodDescriptor& method = *file.service(s)->method(m);
      if (method.input_type() != &request) continue;
      return {AccessOf(method).any_of().begin(), AccessOf(method).any_of().end()};
    }
  }
  return {};
}

absl::Status Override(const std::string& name, const std::string& value, Message* request) {
  // An empty value would mean no filter, and is more likely a mistake of who made the token.
  if (value.empty()) return FieldError(name, value, "a value");
  return OverrideParameter(name, value, request);
}

}  // namespace

absl::Status ApplyFixedParams(const Caller& caller, Message* request) {
  if (caller.fixed_scopes.empty()) return absl::OkStatus();
  for (const std::string& scope : ScopesOfRequest(*request->GetDescriptor())) {
    CLV_ASSIGN_OR_RETURN(const FixedParams params, caller.FixedParamsOf(scope));
    for (const auto& [name, value] : params) {
      if (const absl::Status set = Override(name, value, request); !set.ok()) {
        return absl::PermissionDeniedError(
            absl::StrCat("the token fixes what cannot be applied here: ", set.message()));
      }
    }
  }
  return absl::OkStatus();
}

absl::Status CheckFixedParams(const ServiceDescriptor& service, const std::string& scope,
                              const FixedParams& params) {
  for (int m = 0; m < service.method_count(); ++m) {
    const MethodDescriptor& method = *service.method(m);
    for (const std::string& wanted : AccessOf(method).any_of()) {
      if (!ScopeOpens(scope, wanted)) continue;
      if (!AccessOf(method).applies_fixed_params() && scope != wanted) continue;
      const std::unique_ptr<Message> request(
          MessageFactory::generated_factory()->GetPrototype(method.input_type())->New());
      for (const auto& [name, value] : params) {
        const absl::Status set = Override(name, value, request.get());
        if (absl::IsNotFound(set)) {
          return FieldError(name, value, absl::StrCat("a parameter that ", wanted, " has"));
        }
        CLV_RETURN_IF_ERROR(set);
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace clv::rpc
