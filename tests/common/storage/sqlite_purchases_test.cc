// Purchases in pages, and the virtual table that shows them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/storage/sqlite/purchase_pages.h"
#include "common/storage/sqlite/purchases_table.h"
#include "tests/common/storage/raw_sqlite.h"
#include "tests/common/storage/temp_directory.h"

namespace clv::storage {
namespace {

using domain::Purchase;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Purchase Bought(const std::string& customer_id, const std::string& purchase_id, int64_t units = 1,
                const std::string& product = "") {
  return {.purchase_id = purchase_id,
          .customer_id = customer_id,
          .order_id = purchase_id,
          .purchase_amount_micros = units * 1'000'000,
          .purchase_date = 1'700'000'000,
          .currency = "USD",
          .product_name = product};
}

// Pages of a new store.
struct Store {
  TempDirectory directory;
  const std::string path = directory.path() + "/clv.db";
  std::unique_ptr<Database> db =
      Database::Open(
          {.path = path, .mode = Database::Mode::kReadWrite, .migrations = &ClvMigrations()})
          .value();
  std::unique_ptr<PurchasePages> pages = PurchasePages::Prepare(*db).value();

  std::string Dump(const std::string& sql) { return DumpClvSql(path, sql); }
};

class SqlitePurchasesTest : public ::testing::Test {
 protected:
  void Put(const Purchase& purchase) { ASSERT_TRUE(store_.pages->Put(purchase).ok()); }
  void Flush() { ASSERT_TRUE(store_.pages->Flush().ok()); }

  Store store_;
};

// What is there after random puts, moves and removals, by id.
using Model = std::map<std::string, Purchase>;

void ApplyOne(Store& store, Model& model) {
  const auto id = *rc::gen::elementOf(std::vector<std::string>{"p1", "p2", "p3", "q", "q1", ""});
  const auto customer = *rc::gen::elementOf(std::vector<std::string>{"a", "b", "c"});
  if (id.empty()) {
    RC_ASSERT(store.pages->Flush().ok());
    return;
  }
  const auto found = model.find(id);
  const bool stays = found != model.end() && found->second.customer_id == customer;
  if (found != model.end() && !stays) {
    RC_ASSERT(store.pages->Remove(found->second.customer_id, id).ok());
    model.erase(found);
  }
  if (stays && *rc::gen::inRange(0, 2) == 0) {
    RC_ASSERT(store.pages->Remove(customer, id).ok());
    model.erase(id);
    return;
  }
  Purchase purchase =
      Bought(customer, id, *rc::gen::inRange(-3, 3),
             *rc::gen::elementOf(std::vector<std::string>{"", "pen", "ink", "USD"}));
  purchase.order_id = *rc::gen::elementOf(std::vector<std::string>{id, "o1", "o2"});
  RC_ASSERT(store.pages->Put(purchase).ok());
  model[id] = purchase;
}

RC_GTEST_PROP(SqlitePurchasesProperty, HoldWhatWasPutMovedAndRemoved, ()) {
  Store store;
  Model model;
  const int steps = *rc::gen::inRange(0, 40);
  for (int i = 0; i < steps; ++i) ApplyOne(store, model);
  for (const char* customer : {"a", "b", "c"}) {
    std::vector<Purchase> expected;
    for (const auto& [id, purchase] : model) {
      if (purchase.customer_id == customer) expected.push_back(purchase);
    }
    RC_ASSERT(store.pages->Of(customer).value() == expected);
  }
  std::vector<std::string> ids = {"absent"};
  for (const auto& [id, purchase] : model) ids.push_back(id);
  const auto found = store.pages->Find(ids).value();
  RC_ASSERT(found.size() == model.size());
  for (const auto& [id, purchase] : model) RC_ASSERT(found.at(id) == purchase);
  std::vector<Purchase> scanned;
  for (PurchaseKey after; true; after = {scanned.back().customer_id, scanned.back().purchase_id}) {
    const auto more = store.pages->Scan(after, *rc::gen::inRange(1, 4)).value();
    if (more.empty()) break;
    scanned.insert(scanned.end(), more.begin(), more.end());
  }
  RC_ASSERT(scanned.size() == model.size());
  RC_ASSERT(store.pages->Flush().ok());
  // The virtual table, an independent reader, says the same.
  std::string rows;
  for (const Purchase& purchase : scanned) {
    RC_ASSERT(model.at(purchase.purchase_id) == purchase);
    rows += purchase.customer_id + "|" + purchase.purchase_id + "|" + purchase.order_id + "|" +
            std::to_string(purchase.purchase_amount_micros) + "|" + purchase.product_name + "\n";
  }
  RC_ASSERT(store.Dump("SELECT customer_id, purchase_id, order_id, purchase_amount_micros, "
                       "product_name FROM purchases ORDER BY customer_id, purchase_id") == rows);
}

TEST_F(SqlitePurchasesTest, APurchaseOfAnotherCustomerIsAnError) {
  Put(Bought("a", "p"));
  EXPECT_TRUE(absl::IsAlreadyExists(store_.pages->Put(Bought("b", "p"))));
  store_.pages->Forget();
  Put(Bought("a", "p"));
  Flush();
  Put(Bought("b", "p"));
  EXPECT_TRUE(absl::IsAlreadyExists(store_.pages->Flush()));
}

TEST_F(SqlitePurchasesTest, WhatIsForgottenWasNot) {
  ASSERT_TRUE(store_.db->Execute("BEGIN").ok());
  Put(Bought("a", "p", 1, "pen"));
  Flush();
  ASSERT_TRUE(store_.db->Execute("ROLLBACK").ok());
  store_.pages->Forget();
  EXPECT_THAT(*store_.pages->Of("a"), IsEmpty());
  // The number of the text that never was is given to another.
  Put(Bought("a", "p", 1, "ink"));
  Flush();
  EXPECT_EQ(store_.pages->Of("a")->at(0).product_name, "ink");
  EXPECT_EQ(store_.Dump("SELECT product_name FROM purchases"), "ink\n");
}

TEST_F(SqlitePurchasesTest, ATextGoesWithItsLastUse) {
  Put(Bought("a", "p1", 1, "private text"));
  Put(Bought("a", "p2", 1, "private text"));
  Flush();
  ASSERT_TRUE(store_.pages->Remove("a", "p1").ok());
  Flush();
  EXPECT_EQ(store_.Dump("SELECT text, uses FROM purchase_texts ORDER BY text"),
            "USD|1\nprivate text|1\n");
  ASSERT_TRUE(store_.pages->Remove("a", "p2").ok());
  Flush();
  EXPECT_EQ(store_.Dump("SELECT COUNT(*) FROM purchase_texts"), "0\n");
  EXPECT_EQ(store_.Dump("SELECT COUNT(*) FROM customer_clv"), "0\n");
}

TEST_F(SqlitePurchasesTest, TheTableIsFastByCustomerAndByPurchase) {
  Put(Bought("a", "p1"));
  Put(Bought("b", "p2"));
  Flush();
  EXPECT_EQ(store_.Dump("SELECT purchase_id FROM purchases WHERE customer_id = 'b'"), "p2\n");
  EXPECT_EQ(store_.Dump("SELECT customer_id FROM purchases WHERE purchase_id = 'p1'"), "a\n");
  EXPECT_EQ(store_.Dump("SELECT * FROM purchases WHERE customer_id = 'b' AND purchase_id = 'p1'"),
            "");
  for (const char* no_key : {"'c'", "''", "NULL", "7", "x'61'"}) {
    EXPECT_EQ(store_.Dump(std::string("SELECT * FROM purchases WHERE customer_id = ") + no_key),
              "");
    EXPECT_EQ(store_.Dump(std::string("SELECT * FROM purchases WHERE purchase_id = ") + no_key),
              "");
  }
  EXPECT_EQ(store_.Dump("SELECT purchase_id FROM purchases WHERE customer_id = 'A' COLLATE NOCASE"),
            "p1\n");
  const std::string plan =
      store_.Dump("EXPLAIN QUERY PLAN SELECT * FROM purchases ORDER BY customer_id, purchase_id");
  EXPECT_THAT(plan, ::testing::Not(::testing::HasSubstr("TEMP B-TREE")));
  EXPECT_EQ(store_.Dump("SELECT customer_id FROM purchases ORDER BY customer_id DESC"), "b\na\n");
}

TEST_F(SqlitePurchasesTest, TheTableCannotBeWritten) {
  ASSERT_TRUE(AddPurchasesTable(*store_.db).ok());
  EXPECT_FALSE(store_.db->Execute("DELETE FROM purchases").ok());
  EXPECT_FALSE(store_.db->Execute("INSERT INTO purchases (customer_id) VALUES ('a')").ok());
}

TEST_F(SqlitePurchasesTest, ADamagedPageIsDataLossEverywhere) {
  Put(Bought("a", "p"));
  Flush();
  RunRawSql(store_.path, "UPDATE customer_clv SET purchases = x'00'");
  EXPECT_TRUE(absl::IsDataLoss(store_.pages->Of("a").status()));
  EXPECT_TRUE(absl::IsDataLoss(store_.pages->Find({"p"}).status()));
  EXPECT_TRUE(absl::IsDataLoss(store_.pages->Scan({}, 1).status()));
  ASSERT_TRUE(AddPurchasesTable(*store_.db).ok());
  auto read = store_.db->Prepare("SELECT * FROM purchases").value();
  EXPECT_TRUE(absl::IsDataLoss(read.Step().status()));
}

TEST_F(SqlitePurchasesTest, ADamagedPageDoesNotHideOthers) {
  Put(Bought("a", "p1"));
  Put(Bought("b", "p2"));
  Flush();
  RunRawSql(store_.path, "UPDATE customer_clv SET purchases = x'00' WHERE customer_id = 'a'");
  EXPECT_TRUE(absl::IsDataLoss(store_.pages->Of("a").status()));
  EXPECT_THAT(*store_.pages->Of("b"), SizeIs(1));
  EXPECT_TRUE(absl::IsDataLoss(store_.pages->Find({"p1"}).status()));
  EXPECT_THAT(*store_.pages->Find({"p2"}), SizeIs(1));
  EXPECT_TRUE(absl::IsDataLoss(store_.pages->Scan({}, 9).status()));
  EXPECT_THAT(*store_.pages->Scan({"b", ""}, 9), SizeIs(1));
}

TEST_F(SqlitePurchasesTest, ManyChangesOfALargePageCostOnePass) {
  constexpr int kRows = 50'000;
  const auto id = [](int i) { return "p" + std::to_string(i); };
  ASSERT_TRUE(store_.db->Execute("BEGIN").ok());
  for (int i = 0; i < kRows; ++i) Put(Bought("a", id(i)));
  Flush();
  for (int i = 0; i < kRows; ++i) ASSERT_TRUE(store_.pages->Remove("a", id(i)).ok());
  EXPECT_THAT(*store_.pages->Of("a"), IsEmpty());
  Put(Bought("a", id(7)));
  Flush();
  ASSERT_TRUE(store_.db->Execute("COMMIT").ok());
  EXPECT_THAT(*store_.pages->Of("a"), SizeIs(1));
}

}  // namespace
}  // namespace clv::storage
