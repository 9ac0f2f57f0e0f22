// tests/common/storage/contract/clv_store_contract.h: what every backend's store of facts and
// values keeps.
#ifndef CLV_TESTS_COMMON_STORAGE_CONTRACT_CLV_STORE_CONTRACT_H_
#define CLV_TESTS_COMMON_STORAGE_CONTRACT_CLV_STORE_CONTRACT_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/storage/clv_store.h"
#include "gtest/gtest.h"

namespace clv::storage {

// The place of one store; what is opened from it sees the same data. It outlives what it opens.
class ClvStoreHome {
 public:
  virtual ~ClvStoreHome() = default;

  // Opens the store as one process does; several may be open at once.
  virtual absl::StatusOr<std::unique_ptr<ClvStore>> OpenStore() = 0;
  // The fold's progress as another process reads it; may be opened before the store.
  virtual std::unique_ptr<FoldProgress> OpenProgress() = 0;
};

using MakeClvStoreHome = std::function<std::unique_ptr<ClvStoreHome>()>;

class ClvStoreContract : public ::testing::TestWithParam<MakeClvStoreHome> {
 protected:
  void SetUp() override;
  void Reopen();

  std::unique_ptr<ClvStore> Open();
  // Begin and Read of a store; fail the test on an error.
  std::unique_ptr<FoldTransaction> Begin(ClvStore& store);
  std::unique_ptr<FoldTransaction> Begin() { return Begin(*store_); }
  std::unique_ptr<ClvReadTransaction> Read();

  static domain::Customer FullCustomer(const std::string& customer_id);
  static domain::ImportedClv FullImport(const std::string& customer_id);
  static domain::Purchase FullPurchase(const std::string& purchase_id,
                                       const std::string& customer_id);
  static CustomerValue FullValue(const std::string& customer_id);

  std::unique_ptr<ClvStoreHome> home_;
  std::unique_ptr<ClvStore> store_;
};

}  // namespace clv::storage

#endif  // CLV_TESTS_COMMON_STORAGE_CONTRACT_CLV_STORE_CONTRACT_H_
