// services/ingest/token_factory.h: making tokens and their texts.
#ifndef CLV_SERVICES_INGEST_TOKEN_FACTORY_H_
#define CLV_SERVICES_INGEST_TOKEN_FACTORY_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/storage/storage.h"

namespace clv::ingest {

// The name of the admin token, which no other may have.
inline constexpr char kAdminTokenName[] = "admin";

// What a token is to be.
struct TokenRequest {
  std::string name;
  std::vector<std::string> scopes;
  std::string description = {};
  storage::TokenLimits limits = {};
};

// A token whose text was just made: the only time that it is known.
struct NewToken {
  storage::StoredToken stored;
  std::string secret;  // `clv_` and 256 random bits in base64url, 47 characters
};

// How many characters of a text may be shown: 6, or none where a text (an admin token from the
// environment) is so short that they would tell much of it.
std::string ShownPrefix(const std::string& secret);

// Checks the request (token_rules.h), makes the text, and stores the rest with its audit entry.
// INVALID_ARGUMENT, ALREADY_EXISTS also for the name `admin`, INTERNAL without random numbers, and
// the store's errors.
absl::StatusOr<NewToken> CreateToken(storage::TokenStore& store, const Clock& clock,
                                     const TokenRequest& request, const storage::AuditEntry& entry);

// Makes a new text for a token and stores its hash with the audit entry; the old text opens nothing
// from then on. NOT_FOUND when there is none of this name, INTERNAL, and the store's errors.
absl::StatusOr<NewToken> RefreshToken(storage::TokenStore& store, storage::StoredToken token,
                                      const storage::AuditEntry& entry);

// At the first start, when the store holds no token: makes `append` (may append to every data
// source) and `read` (may read every endpoint) and returns both, `append` first, so that the
// program can print them once. Else returns nothing.
absl::StatusOr<std::vector<NewToken>> EnsureDefaultTokens(storage::TokenStore& store,
                                                          const Clock& clock);

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_TOKEN_FACTORY_H_
