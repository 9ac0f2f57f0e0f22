#include "common/rpc/authenticator.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <mutex>
#include <utility>

#include "absl/status/status.h"
#include "common/base/status_macros.h"

namespace clv::rpc {
namespace {

bool SameHash(const std::string& a, const std::string& b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string HashOrEmpty(const std::string& token) {
  return token.empty() ? std::string() : HashToken(token);
}

// Every token is compared, so that the time tells nothing about which one matched.
const storage::StoredToken* FindHash(const std::vector<storage::StoredToken>& tokens,
                                     const std::string& hash) {
  const storage::StoredToken* found = nullptr;
  for (const storage::StoredToken& candidate : tokens) {
    if (SameHash(hash, candidate.hash)) found = &candidate;
  }
  return found;
}

}  // namespace

std::string HashToken(std::string_view text) {
  std::string hash(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         reinterpret_cast<unsigned char*>(hash.data()));
  return hash;
}

Authenticator::Authenticator(const Options& options)
    : refresh_interval_(options.refresh_interval),
      admin_hash_(HashOrEmpty(options.admin_token)),
      tokens_(options.tokens) {}

void Authenticator::Open(const std::string& admin_token, storage::TokenReader* tokens) {
  std::unique_lock lock(mutex_);
  admin_hash_ = HashOrEmpty(admin_token);
  tokens_ = tokens;
  cached_.reset();
}

absl::StatusOr<Caller> Authenticator::FindCaller(std::string_view token) const {
  const std::string hash = HashToken(token);
  {
    std::shared_lock lock(mutex_);
    if (!admin_hash_.empty() && SameHash(hash, admin_hash_)) return Caller{"admin", {"ADMIN"}};
  }
  CLV_ASSIGN_OR_RETURN(std::shared_ptr<const TokenSet> tokens, FreshTokens(refresh_interval_));
  const storage::StoredToken* found = FindHash(*tokens, hash);
  if (found == nullptr) {
    // It may have been created a moment ago: a second look at the version costs microseconds.
    CLV_ASSIGN_OR_RETURN(tokens, FreshTokens(std::chrono::milliseconds(0)));
    found = FindHash(*tokens, hash);
  }
  if (found == nullptr) {
    return absl::UnauthenticatedError(
        "invalid authentication token. Invalid token: there is none with this text, or it was "
        "revoked");
  }
  return Caller{found->name, found->scopes};
}

absl::StatusOr<std::shared_ptr<const Authenticator::TokenSet>> Authenticator::FreshTokens(
    std::chrono::milliseconds max_age) const {
  const auto is_fresh = [&](std::chrono::steady_clock::time_point now) {
    return cached_ != nullptr && now - checked_at_ < max_age;
  };
  {
    std::shared_lock lock(mutex_);
    if (is_fresh(std::chrono::steady_clock::now())) return cached_;
  }
  std::unique_lock lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (is_fresh(now)) return cached_;
  if (tokens_ == nullptr) return absl::UnavailableError("the tokens are not known yet");
  // The version is read first: a change between the two reads is then seen at the next check.
  CLV_ASSIGN_OR_RETURN(const int64_t version, tokens_->TokensVersion());
  if (cached_ == nullptr || version != cached_version_) {
    CLV_ASSIGN_OR_RETURN(TokenSet tokens, tokens_->ListTokens());
    cached_ = std::make_shared<const TokenSet>(std::move(tokens));
    cached_version_ = version;
  }
  checked_at_ = now;
  return cached_;
}

}  // namespace clv::rpc
