// That folds find the rows of customers where they were, and see when they are elsewhere now.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/storage/sqlite/clv_store.h"
#include "common/storage/sqlite/customer_places.h"
#include "gtest/gtest.h"
#include "tests/common/storage/raw_sqlite.h"
#include "tests/common/storage/temp_directory.h"

namespace clv::storage {
namespace {

std::string Id(int64_t n) { return "customer-" + std::to_string(n); }

TEST(CustomerPlacesTest, WhatWasNotedLastIsFound) {
  CustomerPlaces places;
  EXPECT_EQ(places.Find("a"), 0);
  places.Note("a", 7);
  places.Note("b", 8);
  EXPECT_EQ(places.Find("a"), 7);
  EXPECT_EQ(places.Find("b"), 8);
  places.Note("a", 9);
  EXPECT_EQ(places.Find("a"), 9);
  EXPECT_EQ(places.Find("b"), 8);
}

TEST(CustomerPlacesTest, NoRowIsNotNotedNorIsANumberOfMoreThan32Bits) {
  CustomerPlaces places;
  places.Note("a", 0);
  places.Note("b", int64_t{UINT32_MAX} + 1);
  places.Note("c", UINT32_MAX);
  EXPECT_EQ(places.Find("a"), 0);
  EXPECT_EQ(places.Find("b"), 0);
  EXPECT_EQ(places.Find("c"), UINT32_MAX);
}

TEST(CustomerPlacesTest, ManyAreFoundAgain) {
  CustomerPlaces places;
  constexpr int64_t kCustomers = 100'000;
  for (int64_t n = 1; n <= kCustomers; ++n) places.Note(Id(n), n);
  int64_t found = 0;
  for (int64_t n = 1; n <= kCustomers; ++n) found += places.Find(Id(n)) == n;
  EXPECT_GT(found, kCustomers * 97 / 100);
  EXPECT_LE(places.bytes(), size_t{kCustomers} * 8 * 5);
}

TEST(CustomerPlacesTest, OfMoreThanAreKeptSomeAreForgotten) {
  CustomerPlaces places(1'000);
  EXPECT_LE(places.most_customers(), 1'000u);
  for (int64_t n = 1; n <= 10'000; ++n) {
    places.Note(Id(n), n);
    ASSERT_EQ(places.Find(Id(n)), n);
  }
  EXPECT_LE(places.bytes(), 8'000u);
  int64_t found = 0;
  for (int64_t n = 1; n <= 10'000; ++n) found += places.Find(Id(n)) == n;
  EXPECT_GT(found, 250);
  EXPECT_LE(found, 1'000);
}

class FoldedPlacesTest : public ::testing::Test {
 protected:
  FoldedPlacesTest() { Open(); }

  void Open() {
    store_.reset();
    store_ = SqliteClvStore::Open({.path = path_}).value();
    store_->WarmUp();
  }
  // Counts one more visible row for each; who is new begins with one.
  void Fold(const std::vector<std::string_view>& ids) {
    auto transaction = store_->Begin().value();
    ASSERT_TRUE(transaction
                    ->FoldCustomers(ids,
                                    [&](size_t i, CustomerInFold& customer,
                                        std::vector<PurchaseChange>&) -> absl::StatusOr<bool> {
                                      if (!customer.value) {
                                        customer.value.emplace();
                                        customer.value->customer_id = ids[i];
                                      }
                                      ++customer.value->summary.visible_rows;
                                      return true;
                                    })
                    .ok());
    ASSERT_TRUE(transaction->Commit(++position_).ok());
  }
  std::string Rows() const {
    return DumpRawSql(path_,
                      "SELECT customer_id, visible_rows FROM customer_clv ORDER BY customer_id");
  }

  const TempDirectory directory_;
  const std::string path_ = directory_.path() + "/clv.db";
  std::unique_ptr<SqliteClvStore> store_;
  LogPosition position_ = 0;
};

TEST_F(FoldedPlacesTest, ACustomerWhoseRowIsGoneBeginsAnew) {
  Fold({"a", "b"});
  Fold({"a", "b"});
  RunRawSql(path_, "DELETE FROM customer_clv WHERE customer_id = 'b'");
  Fold({"a", "b"});
  EXPECT_EQ(Rows(), "a|3\nb|1\n");
}

TEST_F(FoldedPlacesTest, WhoseRowAnotherHasNowIsFoundByTheIndex) {
  Fold({"a", "b"});
  RunRawSql(path_,
            "UPDATE customer_clv SET customer_id = 'c' WHERE customer_id = 'a';"
            "UPDATE customer_clv SET customer_id = 'a' WHERE customer_id = 'b';"
            "UPDATE customer_clv SET customer_id = 'b' WHERE customer_id = 'c'");
  Fold({"a"});
  Fold({"a"});
  EXPECT_EQ(Rows(), "a|3\nb|1\n");
}

TEST_F(FoldedPlacesTest, RowsOfAnEarlierProcessAreFoundToo) {
  Fold({"a", "b"});
  Open();
  Fold({"a", "b", "c"});
  EXPECT_EQ(Rows(), "a|2\nb|2\nc|1\n");
}

TEST_F(FoldedPlacesTest, ARowThatWasRolledBackIsNoRow) {
  {
    auto transaction = store_->Begin().value();
    const std::vector<std::string_view> ids = {"a"};
    ASSERT_TRUE(transaction
                    ->FoldCustomers(ids,
                                    [](size_t, CustomerInFold& customer,
                                       std::vector<PurchaseChange>&) -> absl::StatusOr<bool> {
                                      customer.value.emplace();
                                      customer.value->customer_id = "a";
                                      return true;
                                    })
                    .ok());
  }
  Fold({"b"});
  Fold({"a"});
  EXPECT_EQ(Rows(), "a|1\nb|1\n");
}

}  // namespace
}  // namespace clv::storage
