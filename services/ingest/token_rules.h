// services/ingest/token_rules.h: what a token may be called, open and be limited to.
//
// Pure functions. Every refusal is an INVALID_ARGUMENT that names the field, what was got and
// wanted.
#ifndef CLV_SERVICES_INGEST_TOKEN_RULES_H_
#define CLV_SERVICES_INGEST_TOKEN_RULES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/rpc/jwt_claims.h"
#include "common/storage/storage.h"

namespace clv::ingest {

// 1 to 128 letters, digits, `_`, `-`, `.` or spaces.
absl::Status CheckTokenName(const std::string& name);

// 1 to 100 scopes whose data source or endpoint exists or is `*`. They come back canonical, sorted
// and unique.
absl::StatusOr<std::vector<std::string>> CheckTokenScopes(const std::vector<std::string>& scopes);

// At most 1024 bytes of UTF-8 without control characters.
absl::Status CheckTokenDescription(const std::string& description);

// 0 to 1e9 requests and 0 to 1e12 bytes a second.
absl::Status CheckTokenLimits(const storage::TokenLimits& limits);

// The rules of a JWT that is to be made: its name as of a token, `exp` after `now_seconds`, 1 to
// 100 scopes whose data source or endpoint exists or is `*`, and that know their fixed parameters;
// at most 1e9 requests a second.
absl::Status CheckJwtClaims(const rpc::JwtClaims& claims, int64_t now_seconds);

// The endpoints that scopes can name: those that the query service's access rules name.
const std::vector<std::string>& PipeNames();

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_TOKEN_RULES_H_
