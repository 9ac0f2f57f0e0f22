// common/rpc/authenticator.h: from the text of a token to its caller.
#ifndef CLV_COMMON_RPC_AUTHENTICATOR_H_
#define CLV_COMMON_RPC_AUTHENTICATOR_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/rpc/scopes.h"
#include "common/storage/storage.h"

namespace clv::rpc {

// SHA-256 of a token's text, 32 bytes: the form in which tokens are stored.
std::string HashToken(std::string_view text);

// Finds callers by token: the admin token, a stored token, or a JWT signed with the admin token
// (jwt.h). Hashes are compared in constant time. A created token is known, and a revoked or
// replaced one refused, within `refresh_interval` of the change in whatever process; a replaced
// admin token, too, and with it every JWT. Thread-safe.
class Authenticator {
 public:
  // Reads the text of the admin token from where it lies; nothing when there is none.
  using ReadAdminToken = std::function<std::optional<std::string>()>;

  struct Options {
    // Text of the admin token, or empty while it is not known.
    std::string admin_token = {};
    // All other tokens, or null while there is no token store; must outlive this object.
    storage::TokenReader* tokens = nullptr;
    // How old the cached set of tokens may be when a call is checked.
    std::chrono::milliseconds refresh_interval{200};
    // Tells whether a JWT has expired; must outlive this object.
    const Clock* clock = &SystemClock();
  };

  explicit Authenticator(const Options& options);

  // Replaces what the options said, once the files are there.
  void Open(const std::string& admin_token, storage::TokenReader* tokens);

  // The same with an admin token that may change: it is read now, and again whenever the version of
  // the tokens has moved. While there is none the last one stays.
  void Open(ReadAdminToken read_admin_token, storage::TokenReader* tokens);

  // The caller of a token. UNAUTHENTICATED when there is no such token or the JWT is not valid (the
  // message does not repeat it), UNAVAILABLE when the tokens cannot be read now.
  absl::StatusOr<Caller> FindCaller(std::string_view token) const;

 private:
  // What tokens are compared with; immutable once made.
  struct Keys {
    std::string admin_token;
    std::string admin_hash;  // empty: no admin token is known
    std::vector<storage::StoredToken> tokens;
  };

  std::shared_ptr<const Keys> LastKeys() const;
  absl::StatusOr<std::shared_ptr<const Keys>> FreshKeys(std::chrono::milliseconds max_age) const;

  const std::chrono::milliseconds refresh_interval_;
  const Clock& clock_;
  mutable std::shared_mutex mutex_;
  ReadAdminToken read_admin_token_;
  storage::TokenReader* tokens_ = nullptr;
  mutable std::shared_ptr<const Keys> keys_;  // never null
  mutable bool has_tokens_ = false;           // keys_ holds the tokens of cached_version_
  mutable int64_t cached_version_ = 0;
  mutable std::chrono::steady_clock::time_point checked_at_;
};

}  // namespace clv::rpc

#endif  // CLV_COMMON_RPC_AUTHENTICATOR_H_
