// services/ingest/token_keeper.h: administering tokens, the same for gRPC, /v1 and /v0.
#ifndef CLV_SERVICES_INGEST_TOKEN_KEEPER_H_
#define CLV_SERVICES_INGEST_TOKEN_KEEPER_H_

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/base/data_directory.h"
#include "common/rpc/call_context.h"
#include "common/rpc/jwt_claims.h"
#include "common/storage/storage.h"
#include "services/ingest/audit.h"
#include "services/ingest/token_factory.h"

namespace clv::ingest {

// How a token is to change; what is absent stays.
struct TokenUpdate {
  std::string name;
  std::optional<std::vector<std::string>> scopes = {};
  std::optional<std::string> description = {};
  std::optional<storage::TokenLimits> limits = {};  // as a whole
};

// Makes, changes and revokes tokens for a caller with TOKENS, and writes each change into the audit
// log with the change itself. Only a caller with ADMIN may make, change or revoke a token that has
// ADMIN, or refresh the admin token: else TOKENS would open everything. Thread-safe.
//
// Errors of every call: INVALID_ARGUMENT (a field violation), NOT_FOUND for an unknown name,
// PERMISSION_DENIED, and those of the store. After an error nothing has changed.
class TokenKeeper {
 public:
  // Must outlive this object.
  struct Options {
    storage::TokenStore* tokens = nullptr;
    const Audit* audit = nullptr;
    const Clock* clock = nullptr;
    DataDirectory directory = {};  // where the admin token lies
  };
  explicit TokenKeeper(Options options) : options_(std::move(options)) {}

  // ALREADY_EXISTS when the name is taken, also for `admin`.
  absl::StatusOr<NewToken> Create(const rpc::CallContext& call, const TokenRequest& request);

  // All tokens but the admin token, by name.
  absl::StatusOr<std::vector<storage::StoredToken>> List() const;

  // One token; `admin` without hash and limits.
  absl::StatusOr<storage::StoredToken> Get(const std::string& name) const;

  // The token as it is then. FAILED_PRECONDITION for `admin`.
  absl::StatusOr<storage::StoredToken> Update(const rpc::CallContext& call,
                                              const TokenUpdate& update);

  // A new text under the old name. `admin`: the file is replaced and every process is told, so that
  // the old text and all JWTs are refused within a second; FAILED_PRECONDITION when CLV_ADMIN_TOKEN
  // sets it. An error after the file was replaced says so.
  absl::StatusOr<NewToken> Refresh(const rpc::CallContext& call, const std::string& name);

  // FAILED_PRECONDITION for `admin`.
  absl::Status Delete(const rpc::CallContext& call, const std::string& name);

  // A JWT, stored nowhere. PERMISSION_DENIED for a scope that the caller lacks, UNAVAILABLE while
  // there is no admin token to sign with.
  absl::StatusOr<std::string> CreateJwt(const rpc::CallContext& call,
                                        const rpc::JwtClaims& claims) const;

 private:
  absl::StatusOr<NewToken> RefreshAdmin(const rpc::CallContext& call);

  const Options options_;
  // Held from looking at a token to changing it, so that what was checked is what is changed.
  std::mutex changing_;
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_TOKEN_KEEPER_H_
