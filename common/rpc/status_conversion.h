// common/rpc/status_conversion.h: absl::Status on the inside, grpc::Status with google.rpc details
// on the wire.
#ifndef CLV_COMMON_RPC_STATUS_CONVERSION_H_
#define CLV_COMMON_RPC_STATUS_CONVERSION_H_

#include <grpcpp/support/status.h>

#include <cstddef>
#include <string_view>

#include "absl/status/status.h"

namespace clv::rpc {

// Longest message that goes to a client, in bytes.
inline constexpr size_t kMaxMessageBytes = 1024;

// INVALID_ARGUMENT with the text `field: got 'got', want want` (`got` as clv::Quoted shows it) and
// the same as a google.rpc.BadRequest field violation.
absl::Status FieldError(std::string_view field, std::string_view got, std::string_view want);

// The same with a ready phrase (`got '...', want ...`) after the field's name.
absl::Status FieldError(std::string_view field, std::string_view phrase);

// The code, the message cut at kMaxMessageBytes, and the payloads whose key is a type URL as
// details of a google.rpc.Status.
grpc::Status ToGrpcStatus(const absl::Status& status);

// The way back; details become payloads.
absl::Status FromGrpcStatus(const grpc::Status& status);

}  // namespace clv::rpc

#endif  // CLV_COMMON_RPC_STATUS_CONVERSION_H_
