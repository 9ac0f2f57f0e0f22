// Reading transactions of a store follow one another on a connection that is kept.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "common/storage/sqlite/clv_store.h"
#include "common/storage/sqlite/projection_source.h"
#include "tests/common/storage/raw_sqlite.h"
#include "tests/common/storage/temp_directory.h"

namespace clv::storage {
namespace {

class SqliteReadConnectionsTest : public ::testing::Test {
 protected:
  void Put(const std::string& customer_id) {
    const auto fold = store_->Begin().value();
    ASSERT_TRUE(fold->PutPurchase({.purchase_id = "p-" + customer_id,
                                   .customer_id = customer_id,
                                   .order_id = "p-" + customer_id,
                                   .currency = "USD-" + customer_id})
                    .ok());
    ASSERT_TRUE(fold->PutValue({.customer_id = customer_id}).ok());
    ASSERT_TRUE(fold->Commit(fold->checkpoint() + 1).ok());
  }

  // The currency of the purchase, for its text is one that connections keep.
  static std::string CurrencyIn(ClvReadTransaction& state, const std::string& customer_id) {
    const auto purchases = state.PurchasesOf(customer_id);
    if (!purchases.ok()) return std::string(purchases.status().message());
    return purchases->empty() ? "none" : purchases->front().currency;
  }

  TempDirectory directory_;
  const std::string path_ = directory_.path() + "/clv.db";
  std::unique_ptr<SqliteClvStore> store_ = SqliteClvStore::Open({.path = path_}).value();
};

TEST_F(SqliteReadConnectionsTest, EachTransactionSeesTheStateOfItsBegin) {
  Put("a");
  auto before = store_->Read().value();
  EXPECT_EQ(CurrencyIn(*before, "a"), "USD-a");
  Put("b");
  EXPECT_EQ(CurrencyIn(*before, "b"), "none");
  EXPECT_EQ(before->checkpoint(), 1u);
  before.reset();
  const auto after = store_->Read().value();
  EXPECT_EQ(CurrencyIn(*after, "b"), "USD-b");
  EXPECT_EQ(CurrencyIn(*after, "a"), "USD-a");
  EXPECT_EQ(after->checkpoint(), 2u);
}

TEST_F(SqliteReadConnectionsTest, SeveralGoOnAtOnceAndOutliveTheStore) {
  Put("a");
  const auto first = store_->Read().value();
  Put("b");
  const auto second = store_->Read().value();
  store_.reset();
  EXPECT_EQ(CurrencyIn(*first, "b"), "none");
  EXPECT_EQ(CurrencyIn(*second, "b"), "USD-b");
}

TEST_F(SqliteReadConnectionsTest, AnErrorLeavesNothingBehind) {
  Put("a");
  Put("b");
  RunRawSql(path_, "UPDATE customer_clv SET purchases = x'00' WHERE customer_id = 'a'");
  EXPECT_TRUE(absl::IsDataLoss(store_->Read().value()->PurchasesOf("a").status()));
  EXPECT_EQ(CurrencyIn(*store_->Read().value(), "b"), "USD-b");
  // What a statement held on to would keep the write-ahead file from being emptied.
  EXPECT_TRUE(store_->Scrub().ok());
  Put("c");
  EXPECT_EQ(CurrencyIn(*store_->Read().value(), "c"), "USD-c");
}

TEST_F(SqliteReadConnectionsTest, ADamagedPageOfTheProjectionLeavesNothingBehindEither) {
  Put("a");
  Put("b");
  RunRawSql(path_, "UPDATE customer_clv SET purchases = x'00' WHERE customer_id = 'a'");
  SqliteProjectionSource source(path_);
  const auto nothing = [](const CustomerInStore&) { return absl::OkStatus(); };
  {
    const auto reading = source.Read().value();
    EXPECT_TRUE(absl::IsDataLoss(reading->Find("a", nothing).status()));
    EXPECT_TRUE(*reading->Find("b", nothing));
    EXPECT_TRUE(absl::IsDataLoss(reading->Find("a", nothing).status()));
  }
  EXPECT_TRUE(store_->Scrub().ok());
}

}  // namespace
}  // namespace clv::storage
