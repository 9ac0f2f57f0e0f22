#include "common/rpc/authenticator.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <mutex>
#include <utility>

#include "absl/status/status.h"
#include "common/base/status_macros.h"
#include "common/rpc/jwt.h"

namespace clv::rpc {
namespace {

constexpr size_t kHashBytes = 32;

bool SameHash(const std::string& a, const std::string& b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string HashOrEmpty(const std::string& token) {
  return token.empty() ? std::string() : HashToken(token);
}

// Every token is compared, so that the time tells nothing about which one matched.
absl::StatusOr<Caller> FindStored(const std::vector<storage::StoredToken>& tokens,
                                  const std::string& hash) {
  const storage::StoredToken* found = nullptr;
  for (const storage::StoredToken& candidate : tokens) {
    if (SameHash(hash, candidate.hash)) found = &candidate;
  }
  if (found == nullptr) {
    return absl::UnauthenticatedError(
        "invalid authentication token. Invalid token: there is none with this text, or it was "
        "revoked");
  }
  return Caller{.name = found->name,
                .scopes = found->scopes,
                .kind = CallerKind::kToken,
                .limits = found->limits};
}

}  // namespace

std::string HashToken(std::string_view text) {
  // Looked up once, which costs more than a hash does.
  static const EVP_MD* const kSha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  std::string hash(kHashBytes, '\0');
  EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(hash.data()), nullptr,
             kSha256, nullptr);
  return hash;
}

Authenticator::Authenticator(const Options& options)
    : refresh_interval_(options.refresh_interval), clock_(*options.clock) {
  Open(options.admin_token, options.tokens);
}

void Authenticator::Open(const std::string& admin_token, storage::TokenReader* tokens) {
  Open([admin_token] { return std::optional(admin_token); }, tokens);
}

void Authenticator::Open(ReadAdminToken read_admin_token, storage::TokenReader* tokens) {
  Keys keys{.admin_token = read_admin_token().value_or("")};
  keys.admin_hash = HashOrEmpty(keys.admin_token);
  std::unique_lock lock(mutex_);
  read_admin_token_ = std::move(read_admin_token);
  tokens_ = tokens;
  keys_ = std::make_shared<const Keys>(std::move(keys));
  has_tokens_ = false;
}

absl::StatusOr<Caller> Authenticator::FindCaller(std::string_view token) const {
  const std::string hash = HashToken(token);
  const bool is_jwt = LooksLikeJwt(token);
  absl::Status refused;
  // It may have been created a moment ago: a second look at the version costs microseconds.
  for (const std::chrono::milliseconds max_age :
       {refresh_interval_, std::chrono::milliseconds(0)}) {
    const absl::StatusOr<std::shared_ptr<const Keys>> fresh = FreshKeys(max_age);
    const std::shared_ptr<const Keys> keys = fresh.ok() ? *fresh : LastKeys();
    if (!keys->admin_hash.empty() && SameHash(hash, keys->admin_hash)) {
      return Caller{.name = "admin", .scopes = {"ADMIN"}, .kind = CallerKind::kAdmin};
    }
    CLV_RETURN_IF_ERROR(fresh.status());
    absl::StatusOr<Caller> found = absl::UnauthenticatedError("");
    if (is_jwt) {
      const absl::StatusOr<JwtClaims> claims =
          VerifyJwt(token, keys->admin_token, clock_.NowSeconds());
      found = claims.ok() ? absl::StatusOr<Caller>(CallerOf(*claims)) : claims.status();
    } else {
      found = FindStored(keys->tokens, hash);
    }
    if (found.ok()) return found;
    refused = found.status();
  }
  return refused;
}

std::shared_ptr<const Authenticator::Keys> Authenticator::LastKeys() const {
  std::shared_lock lock(mutex_);
  return keys_;
}

absl::StatusOr<std::shared_ptr<const Authenticator::Keys>> Authenticator::FreshKeys(
    std::chrono::milliseconds max_age) const {
  const auto is_fresh = [&](std::chrono::steady_clock::time_point now) {
    return has_tokens_ && now - checked_at_ < max_age;
  };
  {
    std::shared_lock lock(mutex_);
    if (is_fresh(std::chrono::steady_clock::now())) return keys_;
  }
  std::unique_lock lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (is_fresh(now)) return keys_;
  if (tokens_ == nullptr) return absl::UnavailableError("the tokens are not known yet");
  // The version is read first: a change between the two reads is then seen at the next check.
  CLV_ASSIGN_OR_RETURN(const int64_t version, tokens_->TokensVersion());
  if (!has_tokens_ || version != cached_version_) {
    Keys keys{.admin_token = read_admin_token_().value_or(keys_->admin_token)};
    keys.admin_hash = HashOrEmpty(keys.admin_token);
    CLV_ASSIGN_OR_RETURN(keys.tokens, tokens_->ListTokens());
    keys_ = std::make_shared<const Keys>(std::move(keys));
    has_tokens_ = true;
    cached_version_ = version;
  }
  checked_at_ = now;
  return keys_;
}

}  // namespace clv::rpc
