// Which customers the last folds have changed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/base/byte_codec.h"
#include "common/storage/orders_change.h"
#include "common/storage/projected_customer_codec.h"
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

// A customer with so many orders.
ProjectedCustomer CustomerWith(const std::string& id, int orders) {
  ProjectedCustomer customer;
  customer.value.customer_id = id;
  customer.value.attributes = {"Peru", "Premium", "Email"};
  for (int i = 0; i < orders; ++i) {
    customer.orders.push_back(
        {static_cast<uint32_t>(1'700'000'000 + i * 86'400), i * 10'000, true});
  }
  return customer;
}

OrdersChange ChangeOf(const std::string& id, std::vector<ProjectedOrder> added,
                      std::vector<ProjectedOrder> removed, uint64_t distinct_products = 1) {
  OrdersChange change{.value = {}, .added = std::move(added), .removed = std::move(removed)};
  change.value.customer_id = id;
  change.distinct_products = distinct_products;
  return change;
}

std::string Numbered(int i) { return "customer " + std::to_string(i); }

class SqliteCustomerChangesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    db_ = Database::Open(
              {.path = path_, .mode = Database::Mode::kReadWrite, .migrations = &ClvMigrations()})
              .value();
    changes_ = CustomerChanges::Prepare(*db_, kLimits).value();
    reader_ = CustomerChangesReader::Prepare(*db_).value();
  }

  // A transaction that changes customers.
  void Change(const Names& customers) {
    ASSERT_TRUE(changes_->Begin().ok());
    for (const std::string& customer : customers) changes_->Note(customer);
    ASSERT_TRUE(changes_->Flush().ok());
    changes_->Committed();
  }
  // One whose customers become what is given, or change so.
  using Facts = std::variant<ProjectedCustomer, OrdersChange>;
  void Change(const std::vector<Facts>& customers) {
    ASSERT_TRUE(changes_->Begin().ok());
    for (const Facts& customer : customers) {
      std::visit([this](const auto& facts) { Note(facts); }, customer);
    }
    ASSERT_TRUE(changes_->Flush().ok());
    changes_->Committed();
  }

  void Note(const ProjectedCustomer& customer) {
    ByteWriter packed;
    PackCustomer(customer, &packed);
    changes_->Note(customer.value.customer_id, packed.Take());
  }
  void Note(const OrdersChange& change) {
    ByteWriter packed;
    PackChange(change, &packed);
    changes_->Note(change.value.customer_id, packed.Take());
  }

  // What VisitAfter tells: the last facts by customer, absent for those who are named only.
  using Told = std::map<std::string, std::optional<ProjectedCustomer>>;
  std::optional<Told> ToldAfter(uint64_t change) {
    Told told;
    const auto are_known = reader_->VisitAfter(
        change,
        [&](ProjectedCustomer& customer) {
          EXPECT_TRUE(told.emplace(customer.value.customer_id, customer).second) << "told twice";
          return absl::OkStatus();
        },
        [&](const OrdersChange& change) {
          EXPECT_TRUE(changes_told_.emplace(change.value.customer_id, change).second);
          return absl::OkStatus();
        },
        [&](std::string_view id) {
          EXPECT_TRUE(told.emplace(std::string(id), std::nullopt).second) << "told twice";
          return absl::OkStatus();
        });
    EXPECT_TRUE(are_known.ok()) << are_known.status();
    return are_known.ok() && *are_known ? std::optional(told) : std::nullopt;
  }
  // The changes that VisitAfter told.
  using ChangesTold = std::map<std::string, OrdersChange>;
  ChangesTold changes_told_;
  int64_t Count(const std::string& sql) { return std::stoll(ReadRawSql(path_, sql)); }

  std::optional<Names> ChangedAfter(uint64_t change) {
    auto changed = reader_->ChangedAfter(change);
    EXPECT_TRUE(changed.ok()) << changed.status();
    EXPECT_EQ(HasChangedAfter(change, {"was never there"}), !*changed && change != LastChange());
    if (*changed) {
      for (const std::string& id : **changed) {
        EXPECT_TRUE(HasChangedAfter(change, {"was never there", id}));
        EXPECT_FALSE(HasChangedAfter(LastChange(), {id}));
      }
    }
    return changed.ok() ? *std::move(changed) : std::nullopt;
  }
  bool HasChangedAfter(uint64_t change, const std::vector<std::string_view>& ids) {
    return reader_->HasChangedAfter(change, ids).value();
  }
  uint64_t LastChange() { return reader_->LastChange().value(); }

  static constexpr ChangeLimits kLimits = {.most_named = 5'000,
                                           .most_fact_bytes = 2'000,
                                           .most_rows = 40,
                                           .least_bytes = 400'000,
                                           .most_bytes = 400'000};
  TempDirectory directory_;
  const std::string path_ = directory_.path() + "/clv.db";
  std::unique_ptr<Database> db_;
  std::unique_ptr<CustomerChanges> changes_;
  std::unique_ptr<CustomerChangesReader> reader_;
};

TEST_F(SqliteCustomerChangesTest, TellsHowMuchNamesTakeWhereAllAreKept) {
  EXPECT_EQ(reader_->NameBytesAfter(0).value(), 0u);
  Change(Names{"anna", "berta"});
  const uint64_t one = reader_->NameBytesAfter(0).value().value();
  EXPECT_GE(one, std::string("annaberta").size());
  Change(Names{"clara"});
  EXPECT_GT(reader_->NameBytesAfter(0).value().value(), one);
  EXPECT_LT(reader_->NameBytesAfter(1).value().value(), one);
  EXPECT_EQ(reader_->NameBytesAfter(2).value(), 0u);
  Names many;
  for (size_t i = 0; i <= kLimits.most_named; ++i) many.push_back(Numbered(static_cast<int>(i)));
  Change(many);
  EXPECT_EQ(reader_->NameBytesAfter(0).value(), std::nullopt);
}

TEST_F(SqliteCustomerChangesTest, NamesTheCustomersOfLaterChangesEachOnce) {
  EXPECT_EQ(LastChange(), 0u);
  EXPECT_THAT(ChangedAfter(0), Optional(IsEmpty()));
  Change(Names{"b", "a", "b"});
  Change(Names{"c", "a"});
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
  Change(Names{});
  EXPECT_EQ(LastChange(), 0u);
}

TEST_F(SqliteCustomerChangesTest, WhatATransactionThatFailedHasNotedIsForgotten) {
  ASSERT_TRUE(changes_->Begin().ok());
  changes_->Note("rolled back");
  Change(Names{"kept"});
  EXPECT_THAT(ChangedAfter(0), Optional(ElementsAre("kept")));
}

TEST_F(SqliteCustomerChangesTest, TooManyCustomersAreNotNamed) {
  Names most;
  for (size_t i = 0; i < kLimits.most_named; ++i) {
    most.push_back(Numbered(static_cast<int>(i)));
  }
  Change(most);
  EXPECT_THAT(ChangedAfter(0), Optional(SizeIs(kLimits.most_named)));
  most.push_back("one more");
  Change(most);
  Change(Names{"a"});
  EXPECT_EQ(ChangedAfter(0), std::nullopt);
  EXPECT_EQ(ChangedAfter(1), std::nullopt);
  EXPECT_THAT(ChangedAfter(2), Optional(ElementsAre("a")));
}

TEST_F(SqliteCustomerChangesTest, OldRowsAreDroppedAndMissed) {
  constexpr int kChanges = 200;
  for (int i = 1; i <= kChanges; ++i) Change(Names{Numbered(i)});
  const auto kept = std::stoll(ReadRawSql(path_, "SELECT COUNT(*) FROM customer_changes"));
  EXPECT_GE(kept, static_cast<int64_t>(kLimits.most_rows));
  EXPECT_LE(kept, static_cast<int64_t>(kLimits.most_rows) + 8);
  const auto oldest = static_cast<uint64_t>(
      std::stoll(ReadRawSql(path_, "SELECT MIN(change_id) FROM customer_changes")));
  EXPECT_THAT(ChangedAfter(oldest - 1), Optional(SizeIs(static_cast<size_t>(kept))));
  EXPECT_EQ(ChangedAfter(oldest - 2), std::nullopt);
  EXPECT_EQ(ChangedAfter(0), std::nullopt);
  EXPECT_EQ(LastChange(), static_cast<uint64_t>(kChanges));
}

TEST_F(SqliteCustomerChangesTest, TellsWhatCustomersBecameLast) {
  Change({CustomerWith("a", 1), CustomerWith("b", 2)});
  Change({CustomerWith("a", 3)});
  Change(Names{"b", "c"});
  EXPECT_EQ(ToldAfter(0), (Told{{"a", CustomerWith("a", 3)}, {"b", {}}, {"c", {}}}));
  EXPECT_EQ(ToldAfter(1), (Told{{"a", CustomerWith("a", 3)}, {"b", {}}, {"c", {}}}));
  EXPECT_EQ(ToldAfter(2), (Told{{"b", {}}, {"c", {}}}));
  EXPECT_EQ(ToldAfter(3), Told());
  EXPECT_THAT(ChangedAfter(0), Optional(UnorderedElementsAre("a", "b", "c")));
}

TEST_F(SqliteCustomerChangesTest, WhatIsNotedTwiceIsWhatWasNotedLast) {
  Change({CustomerWith("a", 1), CustomerWith("a", 5)});
  EXPECT_EQ(ToldAfter(0), (Told{{"a", CustomerWith("a", 5)}}));
  ASSERT_TRUE(changes_->Begin().ok());
  Note(CustomerWith("a", 6));
  changes_->Note("a");
  ASSERT_TRUE(changes_->Flush().ok());
  EXPECT_EQ(ToldAfter(0), (Told{{"a", {}}}));
}

TEST_F(SqliteCustomerChangesTest, TellsOfAChangeByWhatHasChanged) {
  Change({ChangeOf("a", {{1, 10'000}}, {})});
  EXPECT_EQ(ToldAfter(0), Told());
  EXPECT_EQ(changes_told_, (ChangesTold{{"a", ChangeOf("a", {{1, 10'000}}, {})}}));
}

TEST_F(SqliteCustomerChangesTest, SeveralChangesOfOneCustomerAreToldAsOne) {
  const ProjectedOrder one{1, 10'000}, two{2, 20'000}, three{3, 30'000};
  Change({ChangeOf("a", {one}, {}, 7)});
  Change({ChangeOf("b", {three}, {})});
  Change({ChangeOf("a", {two}, {one}, 8)});
  EXPECT_EQ(ToldAfter(0), Told());
  EXPECT_EQ(changes_told_, (ChangesTold{{"a", ChangeOf("a", {one, two}, {one}, 8)},
                                        {"b", ChangeOf("b", {three}, {})}}));
}

TEST_F(SqliteCustomerChangesTest, AChangeOfACustomerWhoIsToldAsAWholeIsPartOfIt) {
  ProjectedCustomer now = CustomerWith("a", 2);
  Change({CustomerWith("a", 2)});
  const ProjectedOrder last = now.orders.back();
  Change({ChangeOf("a", {{1, 10'000}}, {last}, 9)});
  now.orders = {{1, 10'000}, now.orders.front()};
  now.distinct_products = 9;
  EXPECT_EQ(ToldAfter(0), (Told{{"a", now}}));
  EXPECT_TRUE(changes_told_.empty());
  // One that takes away what is not there is none of this customer.
  Change({ChangeOf("a", {}, {last})});
  EXPECT_EQ(ToldAfter(0), (Told{{"a", {}}}));
  EXPECT_EQ(ToldAfter(1).value().size(), 0u);
}

TEST_F(SqliteCustomerChangesTest, AChangeOfACustomerWhoIsNamedAloneIsOfNoUse) {
  Change(Names{"a"});
  Change({ChangeOf("a", {{1, 10'000}}, {})});
  Change({ChangeOf("b", {{1, 10'000}}, {})});
  Change(Names{"b"});
  EXPECT_EQ(ToldAfter(0), (Told{{"a", {}}, {"b", {}}}));
  // A later whole does not help one who is named: who reads the name reads the newest state.
  Change({CustomerWith("a", 1)});
  EXPECT_EQ(ToldAfter(0), (Told{{"a", {}}, {"b", {}}}));
  EXPECT_EQ(ToldAfter(4), (Told{{"a", CustomerWith("a", 1)}}));
}

TEST_F(SqliteCustomerChangesTest, TwoChangesOfOneCustomerInATransactionAreNotTold) {
  Change({ChangeOf("a", {{1, 10'000}}, {}), ChangeOf("a", {{2, 10'000}}, {})});
  EXPECT_EQ(ToldAfter(0), (Told{{"a", {}}}));
  ASSERT_TRUE(changes_->Begin().ok());
  Note(CustomerWith("a", 1));
  Note(ChangeOf("a", {{2, 10'000}}, {}));
  Note(ChangeOf("b", {{2, 10'000}}, {}));
  Note(CustomerWith("b", 1));
  ASSERT_TRUE(changes_->Flush().ok());
  EXPECT_EQ(ToldAfter(1), (Told{{"a", {}}, {"b", CustomerWith("b", 1)}}));
}

TEST_F(SqliteCustomerChangesTest, OldFactsGoBeforeOldNames) {
  for (int i = 0; i < 30; ++i) Change({CustomerWith(Numbered(i), 6'000)});
  EXPECT_LE(Count("SELECT SUM(length(facts)) FROM customer_change_facts"),
            static_cast<int64_t>(kLimits.most_bytes) + 8 * 45'000);
  EXPECT_EQ(Count("SELECT COUNT(*) FROM customer_changes"), 30);
  const auto told = ToldAfter(0);
  ASSERT_TRUE(told);
  EXPECT_EQ(told->size(), 30u);
  EXPECT_EQ(told->at(Numbered(0)), std::nullopt);
  EXPECT_EQ(told->at(Numbered(29)), CustomerWith(Numbered(29), 6'000));
}

TEST_F(SqliteCustomerChangesTest, ThereIsRoomForFactsUpToTheLimit) {
  ASSERT_TRUE(changes_->Begin().ok());
  EXPECT_TRUE(changes_->WantsFacts());
  Note(CustomerWith("a", 500));
  EXPECT_FALSE(changes_->WantsFacts());
  ASSERT_TRUE(changes_->Flush().ok());
  EXPECT_TRUE(changes_->WantsFacts());
}

TEST_F(SqliteCustomerChangesTest, WhatIsKeptIsCountedAgainAfterAFailure) {
  for (int i = 0; i < 60; ++i) {
    // Half of the transactions are rolled back.
    ASSERT_TRUE(db_->Execute("BEGIN").ok());
    ASSERT_TRUE(changes_->Begin().ok());
    Note(CustomerWith(Numbered(i), 100));
    ASSERT_TRUE(changes_->Flush().ok());
    ASSERT_TRUE(db_->Execute(i % 2 == 0 ? "COMMIT" : "ROLLBACK").ok());
    if (i % 2 == 0) changes_->Committed();
  }
  EXPECT_EQ(Count("SELECT COUNT(*) FROM customer_changes"), 30);
  EXPECT_GT(Count("SELECT COUNT(*) FROM customer_change_facts"), 15);
}

TEST_F(SqliteCustomerChangesTest, FactsThatCannotBeReadAreToldOf) {
  Change({CustomerWith("a", 3)});
  RunRawSql(path_, "UPDATE customer_change_facts SET facts = substr(facts, 1, 20)");
  const auto fine = [](auto&&) { return absl::OkStatus(); };
  EXPECT_TRUE(absl::IsDataLoss(reader_->VisitAfter(0, fine, fine, fine).status()));
  // Nothing holds on to the state that was read.
  EXPECT_TRUE(db_->IsIdle());
  // Neither may facts be those of nobody who is named, nor come behind none.
  for (const char* const facts : {"x'03000162'", "x'0003000161'"}) {
    RunRawSql(path_, std::string("UPDATE customer_change_facts SET facts = ") + facts);
    EXPECT_TRUE(absl::IsDataLoss(reader_->VisitAfter(0, fine, fine, fine).status())) << facts;
  }
}

TEST_F(SqliteCustomerChangesTest, AnErasureLeavesNoNameAndTheNumbersGoOn) {
  Change(Names{"canary"});
  Change({CustomerWith("canary", 3)});
  ASSERT_TRUE(changes_->Begin().ok());
  changes_->Note("canary");
  changes_->ForgetNames();
  ASSERT_TRUE(changes_->Flush().ok());
  EXPECT_EQ(ReadRawSql(path_, "SELECT COUNT(*) FROM customer_changes WHERE customers NOTNULL"),
            "0");
  EXPECT_EQ(Count("SELECT COUNT(*) FROM customer_change_facts"), 0);
  EXPECT_EQ(LastChange(), 3u);
  EXPECT_EQ(ChangedAfter(0), std::nullopt);
  EXPECT_EQ(ChangedAfter(2), std::nullopt);
  Change(Names{"somebody"});
  EXPECT_THAT(ChangedAfter(3), Optional(ElementsAre("somebody")));
}

TEST_F(SqliteCustomerChangesTest, ForgettingIsAChangeEvenWhereNobodyHasChanged) {
  Change(Names{"canary"});
  Change({CustomerWith("canary", 3)});
  ASSERT_TRUE(changes_->Begin().ok());
  changes_->ForgetNames();
  ASSERT_TRUE(changes_->Flush().ok());
  EXPECT_EQ(LastChange(), 3u);
  EXPECT_EQ(ChangedAfter(2), std::nullopt);
}

TEST_F(SqliteCustomerChangesTest, ARowThatCannotBeReadIsToldOf) {
  Change(Names{"a"});
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
