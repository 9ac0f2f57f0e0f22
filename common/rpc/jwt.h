// common/rpc/jwt.h: JSON web tokens (RFC 7519) of one kind: HS256, the key is the text of the admin
// token.
#ifndef CLV_COMMON_RPC_JWT_H_
#define CLV_COMMON_RPC_JWT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/rpc/jwt_claims.h"

namespace clv::rpc {

// Longest JWT that is taken, in bytes; a request's head may have 16 KiB.
inline constexpr size_t kMaxJwtBytes = 8192;

// Whether a token has the shape of a JWT: three parts of base64url with dots between them. No other
// token of the suite's making has a dot.
bool LooksLikeJwt(std::string_view token);

// The signed JWT; it may be longer than kMaxJwtBytes, which no one takes then.
std::string SignJwt(const JwtClaims& claims, std::string_view key);

// The claims of a JWT whose signature is right, compared in constant time, whatever its header
// says: `alg` must be HS256, and there must be no `crit`. `name` and `exp` must be there, `exp`
// after and `nbf` not after `now_seconds` (UTC). UNAUTHENTICATED (says what is wrong, repeats
// nothing of a JWT whose signature is not right) for everything else, also for an empty key.
absl::StatusOr<JwtClaims> VerifyJwt(std::string_view token, std::string_view key,
                                    int64_t now_seconds);

}  // namespace clv::rpc

#endif  // CLV_COMMON_RPC_JWT_H_
