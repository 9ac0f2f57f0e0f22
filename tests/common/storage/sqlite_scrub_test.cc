// What is left in the files of removed content.

#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "common/storage/sqlite/clv_store.h"
#include "gtest/gtest.h"
#include "tests/common/storage/temp_directory.h"

namespace clv::storage {
namespace {

class SqliteScrubTest : public ::testing::Test {
 protected:
  // Whether the database, or the write-ahead file beside it, holds a text anywhere.
  bool IsInFiles(const std::string& text) const {
    for (const std::string& name : {path_, path_ + "-wal"}) {
      std::ifstream file(name, std::ios::binary);
      const std::string bytes((std::istreambuf_iterator<char>(file)), {});
      if (bytes.find(text) != std::string::npos) return true;
    }
    return false;
  }

  std::unique_ptr<FoldTransaction> Begin() { return store_->Begin().value(); }

  TempDirectory directory_;
  const std::string path_ = directory_.path() + "/clv.db";
  const std::unique_ptr<SqliteClvStore> store_ = SqliteClvStore::Open({.path = path_}).value();
};

TEST_F(SqliteScrubTest, RemovedFactsAreInNoFileAfterAScrub) {
  ASSERT_TRUE(store_->PutJob({.job_id = "j", .differences = "{\"canary\":1}"}).ok());
  auto writing = Begin();
  for (int i = 0; i < 500; ++i) {
    const std::string id = "canary" + std::to_string(i);
    const std::string text = id + std::string(static_cast<size_t>(i % 50) * 20, 'x');
    ASSERT_TRUE(writing->PutCustomer({.customer_id = id, .name = text, .email = text}).ok());
    ASSERT_TRUE(writing->PutImport({.customer_id = id, .country = text}).ok());
    ASSERT_TRUE(
        writing
            ->PutPurchase(
                {.purchase_id = id, .customer_id = id, .order_id = id, .product_name = text})
            .ok());
    ASSERT_TRUE(writing->PutValue({.customer_id = id}).ok());
    ASSERT_TRUE(
        writing->AddDeadLetter({.position = 1, .row_index = static_cast<uint32_t>(i), .key = id})
            .ok());
  }
  ASSERT_TRUE(writing->PutCustomer({.customer_id = "kept"}).ok());
  ASSERT_TRUE(writing->Commit(1).ok());
  writing.reset();
  ASSERT_TRUE(IsInFiles("canary"));
  writing = Begin();
  for (int i = 0; i < 500; ++i) {
    const std::string id = "canary" + std::to_string(i);
    ASSERT_TRUE(writing->RemoveCustomer(id).ok());
    ASSERT_TRUE(writing->RemoveImport(id).ok());
    ASSERT_TRUE(writing->RemovePurchase(id, id).ok());
    ASSERT_TRUE(writing->RemoveValue(id).ok());
    ASSERT_TRUE(writing->RemoveTraces({id}).ok());
  }
  ASSERT_TRUE(writing->Commit(2).ok());
  writing.reset();
  ASSERT_TRUE(store_->Scrub().ok());
  EXPECT_FALSE(IsInFiles("canary"));
  EXPECT_TRUE(IsInFiles("kept"));
}

TEST_F(SqliteScrubTest, AScrubIsUnavailableWhileSomebodyReads) {
  auto writing = Begin();
  ASSERT_TRUE(writing->PutCustomer({.customer_id = "a"}).ok());
  ASSERT_TRUE(writing->Commit(1).ok());
  writing.reset();
  auto reading = store_->Read().value();
  writing = Begin();
  ASSERT_TRUE(writing->RemoveCustomer("a").ok());
  ASSERT_TRUE(writing->Commit(2).ok());
  writing.reset();
  EXPECT_EQ(store_->Scrub().code(), absl::StatusCode::kUnavailable);
  reading.reset();
  EXPECT_TRUE(store_->Scrub().ok());
}

}  // namespace
}  // namespace clv::storage
