// tests/common/rpc/fake_tokens.h: tokens in memory, for tests that need no database.
#ifndef CLV_TESTS_COMMON_RPC_FAKE_TOKENS_H_
#define CLV_TESTS_COMMON_RPC_FAKE_TOKENS_H_

#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "common/rpc/authenticator.h"
#include "common/storage/storage.h"

namespace clv::rpc {

// Thread-safe.
class FakeTokens : public storage::TokenReader {
 public:
  void Add(const std::string& name, const std::string& text, std::vector<std::string> scopes,
           const storage::TokenLimits& limits = {}) {
    std::lock_guard lock(mutex_);
    tokens_[name] = {.name = name,
                     .scopes = std::move(scopes),
                     .hash = HashToken(text),
                     .prefix = text.substr(0, 6),
                     .limits = limits};
    ++version_;
  }

  void Remove(const std::string& name) {
    std::lock_guard lock(mutex_);
    tokens_.erase(name);
    ++version_;
  }

  // As after news of the admin token.
  void MoveVersion() {
    std::lock_guard lock(mutex_);
    ++version_;
  }

  // From now on reading fails with `status`.
  void Fail(absl::Status status) {
    std::lock_guard lock(mutex_);
    failure_ = std::move(status);
  }

  int lists() const {
    std::lock_guard lock(mutex_);
    return lists_;
  }

  absl::StatusOr<std::vector<storage::StoredToken>> ListTokens() override {
    std::lock_guard lock(mutex_);
    ++lists_;
    if (!failure_.ok()) return failure_;
    std::vector<storage::StoredToken> all;
    for (const auto& [name, token] : tokens_) all.push_back(token);
    return all;
  }

  absl::StatusOr<int64_t> TokensVersion() override {
    std::lock_guard lock(mutex_);
    if (!failure_.ok()) return failure_;
    return version_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, storage::StoredToken> tokens_;
  absl::Status failure_;
  int64_t version_ = 1;
  int lists_ = 0;
};

}  // namespace clv::rpc

#endif  // CLV_TESTS_COMMON_RPC_FAKE_TOKENS_H_
