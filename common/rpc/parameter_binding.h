// common/rpc/parameter_binding.h: from /v0 parameters to a typed request.
#ifndef CLV_COMMON_RPC_PARAMETER_BINDING_H_
#define CLV_COMMON_RPC_PARAMETER_BINDING_H_

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/rpc/v0_parameters.h"

namespace clv::rpc {

// Sets the fields of `request` that have a parameter of their name; unknown parameters are ignored,
// an empty value means absent, the last value counts.
//   string            as it stands (UTF-8); a repeated one gets an element for each repetition
//   uint32, uint64    decimal digits; a repeated one takes comma lists and repetitions
//   double            a finite decimal number
//   bool              true, false, 1 or 0
//   enum              the value's name without the enum's prefix, in lower case: `month` for
//   GRANULARITY_MONTH
// Messages and bytes are not bound. A bad value is a FieldError that names the parameter, the value
// and what is wanted, with the range that the option `(clv.v1.parameter)` tells; whether a number
// lies in it is left to the handler.
absl::Status BindParameters(const V0Parameters& parameters, google::protobuf::Message* request);

// The same into a new request.
template <typename Request>
absl::StatusOr<Request> BindRequest(const V0Parameters& parameters) {
  Request request;
  if (absl::Status status = BindParameters(parameters, &request); !status.ok()) return status;
  return request;
}

// Sets the field of that name to what the text, as the only value of its parameter, says; what the
// field held is gone. NOT_FOUND when there is no field of that name that can be bound, else errors
// as above.
absl::Status OverrideParameter(const std::string& name, const std::string& text,
                               google::protobuf::Message* request);

// The type of a parameter as the catalogue shows it: `String`, `DateTime` (a string that is an
// instant), `UInt32`, `UInt64`, `Float64`, `Bool`, `Array(String)`, `Array(UInt32)`; an enum is a
// `String`. Empty for a field that is not bound.
std::string ParameterTypeOf(const google::protobuf::FieldDescriptor& field);

// The words that an enum parameter takes, which are all but that of number 0.
std::vector<std::string> EnumWords(const google::protobuf::EnumDescriptor& type);

// The name of an enum's value as parameters and columns show it: `month` for GRANULARITY_MONTH.
std::string ShortEnumName(const google::protobuf::EnumValueDescriptor& value);

}  // namespace clv::rpc

#endif  // CLV_COMMON_RPC_PARAMETER_BINDING_H_
