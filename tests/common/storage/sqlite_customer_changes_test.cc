// Which customers the last folds have changed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "common/storage/sqlite/clv_store.h"
#include "common/storage/sqlite/customer_changes.h"
#include "common/storage/sqlite/migrations/migrations.h"
#include "tests/common/storage/raw_sqlite.h"
#include "tests/common/storage/temp_directory.h"

namespace clv::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using Names = std::vector<std::string>;

std::string Numbered(int i) { return "customer " + std::to_string(i); }

class SqliteCustomerChangesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    db_ = Database::Open(
              {.path = path_, .mode = Database::Mode::kReadWrite, .migrations = &ClvMigrations()})
              .value();
    changes_ = CustomerChanges::Prepare(*db_).value();
    reader_ = CustomerChangesReader::Prepare(*db_).value();
  }

  // A transaction that changes customers.
  void Change(const Names& customers) {
    changes_->Begin();
    for (const std::string& customer : customers) changes_->Note(customer);
    ASSERT_TRUE(changes_->Flush().ok());
  }

  std::optional<Names> ChangedAfter(uint64_t change) {
    auto changed = reader_->ChangedAfter(change);
    EXPECT_TRUE(changed.ok()) << changed.status();
    return changed.ok() ? *std::move(changed) : std::nullopt;
  }
  uint64_t LastChange() { return reader_->LastChange().value(); }

  TempDirectory directory_;
  const std::string path_ = directory_.path() + "/clv.db";
  std::unique_ptr<Database> db_;
  std::unique_ptr<CustomerChanges> changes_;
  std::unique_ptr<CustomerChangesReader> reader_;
};

TEST_F(SqliteCustomerChangesTest, NamesTheCustomersOfLaterChangesEachOnce) {
  EXPECT_EQ(LastChange(), 0u);
  EXPECT_THAT(ChangedAfter(0), Optional(IsEmpty()));
  Change({"b", "a", "b"});
  Change({"c", "a"});
  EXPECT_EQ(LastChange(), 2u);
  EXPECT_THAT(ChangedAfter(0), Optional(UnorderedElementsAre("a", "b", "c")));
  EXPECT_THAT(ChangedAfter(1), Optional(UnorderedElementsAre("a", "c")));
  EXPECT_THAT(ChangedAfter(2), Optional(IsEmpty()));
}

TEST_F(SqliteCustomerChangesTest, NamesOfAnyFormComeBack) {
  const Names names = {"",
                       "a",
                       "ab",
                       "abc",
                       "abd",
                       "b",
                       "\u00e4\u00f6",
                       std::string(256, 'x'),
                       std::string(255, 'x') + "y"};
  Change(names);
  EXPECT_THAT(ChangedAfter(0), Optional(::testing::UnorderedElementsAreArray(names)));
}

TEST_F(SqliteCustomerChangesTest, ATransactionThatChangesNobodyIsNoChange) {
  Change({});
  EXPECT_EQ(LastChange(), 0u);
}

TEST_F(SqliteCustomerChangesTest, WhatATransactionThatFailedHasNotedIsForgotten) {
  changes_->Begin();
  changes_->Note("rolled back");
  Change({"kept"});
  EXPECT_THAT(ChangedAfter(0), Optional(ElementsAre("kept")));
}

TEST_F(SqliteCustomerChangesTest, TooManyCustomersAreNotNamed) {
  Names most;
  for (size_t i = 0; i < CustomerChanges::kMostNamed; ++i) {
    most.push_back(Numbered(static_cast<int>(i)));
  }
  Change(most);
  EXPECT_THAT(ChangedAfter(0), Optional(SizeIs(CustomerChanges::kMostNamed)));
  most.push_back("one more");
  Change(most);
  Change({"a"});
  EXPECT_EQ(ChangedAfter(0), std::nullopt);
  EXPECT_EQ(ChangedAfter(1), std::nullopt);
  EXPECT_THAT(ChangedAfter(2), Optional(ElementsAre("a")));
}

TEST_F(SqliteCustomerChangesTest, OldRowsAreDroppedAndMissed) {
  constexpr int kChanges = 200;
  for (int i = 1; i <= kChanges; ++i) Change({Numbered(i)});
  const auto kept = std::stoll(ReadRawSql(path_, "SELECT COUNT(*) FROM customer_changes"));
  EXPECT_GE(kept, CustomerChanges::kKeptRows);
  EXPECT_LE(kept, CustomerChanges::kKeptRows + 8);
  const auto oldest = static_cast<uint64_t>(
      std::stoll(ReadRawSql(path_, "SELECT MIN(change_id) FROM customer_changes")));
  EXPECT_THAT(ChangedAfter(oldest - 1), Optional(SizeIs(static_cast<size_t>(kept))));
  EXPECT_EQ(ChangedAfter(oldest - 2), std::nullopt);
  EXPECT_EQ(ChangedAfter(0), std::nullopt);
  EXPECT_EQ(LastChange(), static_cast<uint64_t>(kChanges));
}

TEST_F(SqliteCustomerChangesTest, AnErasureLeavesNoNameAndTheNumbersGoOn) {
  Change({"canary"});
  changes_->Begin();
  changes_->Note("canary");
  changes_->ForgetNames();
  ASSERT_TRUE(changes_->Flush().ok());
  EXPECT_EQ(ReadRawSql(path_, "SELECT COUNT(*) FROM customer_changes WHERE customers NOTNULL"),
            "0");
  EXPECT_EQ(LastChange(), 2u);
  EXPECT_EQ(ChangedAfter(0), std::nullopt);
  EXPECT_EQ(ChangedAfter(1), std::nullopt);
  Change({"somebody"});
  EXPECT_THAT(ChangedAfter(2), Optional(ElementsAre("somebody")));
}

TEST_F(SqliteCustomerChangesTest, ForgettingIsAChangeEvenWhereNobodyHasChanged) {
  Change({"canary"});
  changes_->Begin();
  changes_->ForgetNames();
  ASSERT_TRUE(changes_->Flush().ok());
  EXPECT_EQ(LastChange(), 2u);
  EXPECT_EQ(ChangedAfter(1), std::nullopt);
}

TEST_F(SqliteCustomerChangesTest, ARowThatCannotBeReadIsToldOf) {
  Change({"a"});
  RunRawSql(path_, "UPDATE customer_changes SET customers = x'05'");
  EXPECT_TRUE(absl::IsDataLoss(reader_->ChangedAfter(0).status()));
}

// The store keeps the table with every commit.
class ChangesOfAStoreTest : public ::testing::Test {
 protected:
  static CustomerValue ValueOf(const std::string& customer_id) {
    CustomerValue value{.customer_id = customer_id};
    value.summary.visible_rows = 1;
    return value;
  }
  std::optional<Names> ChangedAfter(uint64_t change) {
    const auto db =
        Database::Open(
            {.path = path_, .mode = Database::Mode::kReadOnly, .migrations = &ClvMigrations()})
            .value();
    return CustomerChangesReader::Prepare(*db).value()->ChangedAfter(change).value();
  }

  TempDirectory directory_;
  const std::string path_ = directory_.path() + "/clv.db";
};

TEST_F(ChangesOfAStoreTest, AreThoseOfCommittedTransactions) {
  const auto store = SqliteClvStore::Open({.path = path_}).value();
  {
    const auto transaction = store->Begin().value();
    ASSERT_TRUE(transaction->PutValue(ValueOf("rolled back")).ok());
  }
  EXPECT_THAT(ChangedAfter(0), Optional(IsEmpty()));
  {
    const auto transaction = store->Begin().value();
    ASSERT_TRUE(transaction->PutValue(ValueOf("a")).ok());
    ASSERT_TRUE(transaction->PutValue(ValueOf("b")).ok());
    ASSERT_TRUE(transaction->Commit(1).ok());
  }
  EXPECT_THAT(ChangedAfter(0), Optional(UnorderedElementsAre("a", "b")));
  {
    const auto transaction = store->Begin().value();
    ASSERT_TRUE(transaction->RemoveValue("a").ok());
    ASSERT_TRUE(transaction->Commit(2).ok());
  }
  EXPECT_THAT(ChangedAfter(1), Optional(ElementsAre("a")));
  {
    const auto transaction = store->Begin().value();
    ASSERT_TRUE(transaction->RemoveValue("b").ok());
    ASSERT_TRUE(transaction->RemoveTraces({"b"}).ok());
    ASSERT_TRUE(transaction->Commit(3).ok());
  }
  EXPECT_EQ(ChangedAfter(2), std::nullopt);
}

TEST_F(ChangesOfAStoreTest, BeginWithTheMigrationOfADatabaseOfVersion4) {
  const Migrations first(ClvMigrations().begin(), ClvMigrations().begin() + 4);
  ASSERT_TRUE(
      Database::Open({.path = path_, .mode = Database::Mode::kReadWrite, .migrations = &first})
          .ok());
  ASSERT_EQ(ReadRawSql(path_, "PRAGMA user_version"), "4");
  RunRawSql(path_, "UPDATE checkpoint SET folded_position = 9");
  const auto store = SqliteClvStore::Open({.path = path_}).value();
  EXPECT_EQ(ReadRawSql(path_, "PRAGMA user_version"), std::to_string(ClvMigrations().size()));
  EXPECT_EQ(ReadRawSql(path_, "PRAGMA integrity_check"), "ok");
  EXPECT_EQ(store->Checkpoint().value(), 9u);
  EXPECT_THAT(ChangedAfter(0), Optional(IsEmpty()));
  const auto transaction = store->Begin().value();
  ASSERT_TRUE(transaction->PutValue(ValueOf("a")).ok());
  ASSERT_TRUE(transaction->Commit(10).ok());
  EXPECT_THAT(ChangedAfter(0), Optional(ElementsAre("a")));
}

}  // namespace
}  // namespace clv::storage
