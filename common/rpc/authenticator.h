// common/rpc/authenticator.h: from the text of a token to its caller.
#ifndef CLV_COMMON_RPC_AUTHENTICATOR_H_
#define CLV_COMMON_RPC_AUTHENTICATOR_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/rpc/scopes.h"
#include "common/storage/storage.h"

namespace clv::rpc {

// SHA-256 of a token's text, 32 bytes: the form in which tokens are stored.
std::string HashToken(std::string_view text);

// Finds callers by token. Hashes are compared in constant time. A created token is known, and a
// revoked one refused, within `refresh_interval` of the change in whatever process. Thread-safe.
class Authenticator {
 public:
  struct Options {
    // Text of the admin token, or empty while it is not known.
    std::string admin_token;
    // All other tokens, or null while there is no token store; must outlive this object.
    storage::TokenReader* tokens = nullptr;
    // How old the cached set of tokens may be when a call is checked.
    std::chrono::milliseconds refresh_interval{200};
  };

  explicit Authenticator(const Options& options);

  // Replaces what the options said, once the files are there.
  void Open(const std::string& admin_token, storage::TokenReader* tokens);

  // The caller of a token. UNAUTHENTICATED when there is no such token (the message does not repeat
  // it), UNAVAILABLE when the tokens cannot be read now.
  absl::StatusOr<Caller> FindCaller(std::string_view token) const;

 private:
  using TokenSet = std::vector<storage::StoredToken>;

  absl::StatusOr<std::shared_ptr<const TokenSet>> FreshTokens(
      std::chrono::milliseconds max_age) const;

  const std::chrono::milliseconds refresh_interval_;
  mutable std::shared_mutex mutex_;
  std::string admin_hash_;  // empty: no admin token is known
  storage::TokenReader* tokens_;
  mutable std::shared_ptr<const TokenSet> cached_;
  mutable int64_t cached_version_ = 0;
  mutable std::chrono::steady_clock::time_point checked_at_;
};

}  // namespace clv::rpc

#endif  // CLV_COMMON_RPC_AUTHENTICATOR_H_
