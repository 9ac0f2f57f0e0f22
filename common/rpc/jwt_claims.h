// common/rpc/jwt_claims.h: what a JSON web token says, as JSON and as a caller.
//
// `{"name": ..., "exp": ..., "scopes": [{"type": "PIPES:READ", "resource": ..., "fixed_params":
// {...}}], "limits": {"rps": ...}}`; other members (`workspace_id`, `iat`, ...) are ignored.
#ifndef CLV_COMMON_RPC_JWT_CLAIMS_H_
#define CLV_COMMON_RPC_JWT_CLAIMS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/rpc/scopes.h"

namespace clv::rpc {

// Longest JSON that is read, in bytes.
inline constexpr size_t kMaxClaimsBytes = 8192;

// The claims. A JWT opens endpoints and data sources, never ADMIN or TOKENS.
struct JwtClaims {
  std::string name;                // need not be unique; limits are counted by it
  int64_t expires_at_seconds = 0;  // `exp`; 0: it was absent
  int64_t not_before_seconds = 0;  // `nbf`; 0: it was absent
  // Canonical scopes of PIPES:READ, DATASOURCES:READ and DATASOURCES:APPEND; only those of
  // PIPES:READ may have parameters.
  std::vector<FixedScope> scopes;
  std::optional<double> requests_per_second;  // `limits.rps`; 0 or less: no limit
};

// Reads a JSON object. Absent `name`, `exp` and `limits` are no error here. Values of
// `fixed_params` are texts, numbers or booleans; numbers become their shortest decimal text.
// INVALID_ARGUMENT (names the member, what was got and wanted) for a text that is no object or too
// long, for a member of another type, for no or more than 100 scopes, for a scope of another kind,
// and for a scope with a `filter`.
absl::StatusOr<JwtClaims> ReadJwtClaims(std::string_view json);

// The checks of one scope as a client writes it: INVALID_ARGUMENT as above, with `field` (such as
// `scopes[0]`) before the member's name.
absl::StatusOr<FixedScope> MakeJwtScope(const std::string& field, std::string_view type,
                                        std::string_view resource, FixedParams params);

// The object, without members that are absent.
std::string WriteJwtClaims(const JwtClaims& claims);

// Who calls with these claims.
Caller CallerOf(const JwtClaims& claims);

}  // namespace clv::rpc

#endif  // CLV_COMMON_RPC_JWT_CLAIMS_H_
