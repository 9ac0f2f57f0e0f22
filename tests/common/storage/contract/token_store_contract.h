// tests/common/storage/contract/token_store_contract.h: what every backend's token store and
// audit log keep.
#ifndef CLV_TESTS_COMMON_STORAGE_CONTRACT_TOKEN_STORE_CONTRACT_H_
#define CLV_TESTS_COMMON_STORAGE_CONTRACT_TOKEN_STORE_CONTRACT_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/storage/storage.h"
#include "gtest/gtest.h"

namespace clv::storage {

// The place of one token store; it outlives what it opens.
class TokenStoreHome {
 public:
  virtual ~TokenStoreHome() = default;

  virtual absl::StatusOr<std::unique_ptr<TokenStore>> OpenStore() = 0;
  // The audit log into which the store that was opened last writes; lives as long as that.
  virtual AuditLog* Audit() = 0;
  // A reader as another process has it; may be opened before the store.
  virtual std::unique_ptr<TokenReader> OpenReader() = 0;
};

using MakeTokenStoreHome = std::function<std::unique_ptr<TokenStoreHome>()>;

class TokenStoreContract : public ::testing::TestWithParam<MakeTokenStoreHome> {
 protected:
  void SetUp() override;
  void Open();
  static StoredToken Token(const std::string& name);
  static AuditEntry Entry(const std::string& action, const std::string& subject);
  absl::Status Create(const StoredToken& token);
  StoredToken OnlyToken();
  // `action subject` of each entry, newest first.
  std::vector<std::string> Audited(uint64_t limit = 100, uint64_t offset = 0);
  std::vector<std::string> Names(TokenReader& reader);

  std::unique_ptr<TokenStoreHome> home_;
  std::unique_ptr<TokenStore> store_;
};

}  // namespace clv::storage

#endif  // CLV_TESTS_COMMON_STORAGE_CONTRACT_TOKEN_STORE_CONTRACT_H_
