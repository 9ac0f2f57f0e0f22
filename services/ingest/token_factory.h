// services/ingest/token_factory.h: making tokens.
#ifndef CLV_SERVICES_INGEST_TOKEN_FACTORY_H_
#define CLV_SERVICES_INGEST_TOKEN_FACTORY_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/storage/storage.h"

namespace clv::ingest {

// A token that was just made: the only time that its text is known.
struct NewToken {
  storage::StoredToken stored;
  std::string secret;  // `clv_` and 256 random bits in base64url, 47 characters
};

// Checks the name (1 to 128 letters, digits, `_`, `-`, `.` or spaces) and the scopes (one or more;
// the data source or endpoint of each exists or is `*`), makes the text, and stores the rest.
// Scopes become canonical, sorted and unique. INVALID_ARGUMENT (a field violation of `name`,
// `scopes` or `scopes[i]`), ALREADY_EXISTS also for the name `admin`, INTERNAL without random
// numbers, and the store's errors.
absl::StatusOr<NewToken> CreateToken(storage::TokenStore& store, const Clock& clock,
                                     const std::string& name,
                                     const std::vector<std::string>& scopes);

// At the first start, when the store holds no token: makes `append` (may append to every data
// source) and `read` (may read every endpoint) and returns both, `append` first, so that the
// program can print them once. Else returns nothing.
absl::StatusOr<std::vector<NewToken>> EnsureDefaultTokens(storage::TokenStore& store,
                                                          const Clock& clock);

// The endpoints that scopes can name: those that the query service's access rules name.
const std::vector<std::string>& PipeNames();

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_TOKEN_FACTORY_H_
