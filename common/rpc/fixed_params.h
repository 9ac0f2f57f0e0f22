// common/rpc/fixed_params.h: the parameters that a JWT fixes, put into typed requests.
//
// The one place for every face: a typed request is changed here before a handler sees it, whether
// it came as gRPC, as /v1 or was bound from a /v0 request. Parameters have the names of the
// request's fields, as in /v0 (parameter_binding.h).
#ifndef CLV_COMMON_RPC_FIXED_PARAMS_H_
#define CLV_COMMON_RPC_FIXED_PARAMS_H_

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <string>

#include "absl/status/status.h"
#include "common/rpc/scopes.h"

namespace clv::rpc {

// Sets the parameters that the caller's fixed scopes hold for the method that takes `request`; what
// the request said of them is gone. Nothing changes for a caller without fixed scopes. The scopes
// of the method are those of its option `(clv.v1.access)`. PERMISSION_DENIED when two scopes
// contradict each other, or a value cannot be applied because the request has no such parameter or
// the value is bad or empty: a caller never sees more than was fixed. Then the request must not be
// used.
absl::Status ApplyFixedParams(const Caller& caller, google::protobuf::Message* request);

// Whether `params` can be applied to every method of `service` that `scope` opens by name; a method
// that applies none is closed to such a caller, so that only a scope of its very own is refused.
// INVALID_ARGUMENT (the name of the parameter, what was got and wanted) when not.
absl::Status CheckFixedParams(const google::protobuf::ServiceDescriptor& service,
                              const std::string& scope, const FixedParams& params);

}  // namespace clv::rpc

#endif  // CLV_COMMON_RPC_FIXED_PARAMS_H_
