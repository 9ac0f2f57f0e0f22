// A clv.db of versions 2, 3 and 9 becomes one of the newest version, wholly or not at all.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/base/text_arena.h"
#include "common/storage/sqlite/clv_store.h"
#include "common/storage/sqlite/db.h"
#include "common/storage/sqlite/migrations/migrations.h"
#include "common/storage/sqlite/purchase_page.h"
#include "tests/common/storage/raw_sqlite.h"
#include "tests/common/storage/temp_directory.h"

namespace clv::storage {
namespace {

using domain::Purchase;

constexpr int kCustomers = 40;

std::string CustomerId(int customer) { return "c" + std::to_string(100 + customer); }

// What the databases hold: none of customer 0, many of customer 1, a few of the others.
std::vector<Purchase> Purchases() {
  std::vector<Purchase> purchases;
  for (int customer = 1; customer < kCustomers; ++customer) {
    for (int n = 0; n < (customer == 1 ? 700 : customer % 5); ++n) {
      Purchase purchase{
          .purchase_id = "p" + std::to_string(1'000 * customer + n),
          .customer_id = CustomerId(customer),
          .order_id = "p" + std::to_string(1'000 * customer + n),
          .purchase_amount_micros = 1'000'000 * n - 7,
          .purchase_date = 1'700'000'000 + 86'400 * customer + n,
          .currency = n % 3 == 0 ? "EUR" : "USD",
          .product_name = n % 2 == 0 ? "Pen" : "",
      };
      if (n % 4 == 1) purchase.order_id = "o" + std::to_string(n / 8);
      if (n % 4 == 2) purchase.created_at = n;
      purchases.push_back(purchase);
    }
  }
  return purchases;
}

// Rows of `customer_clv`; `date`: the SQL of last_activity_date, of the number n.
std::string InsertValues(const std::string& date) {
  return "WITH RECURSIVE count(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM count WHERE n < " +
         std::to_string(kCustomers - 1) +
         ") INSERT INTO customer_clv (customer_id, country, customer_segment, acquisition_source, "
         "described, imported, purchase_count, total_spend_micros, refunded_micros, "
         "repeat_order_days, visible_rows, unconverted_rows, last_activity_date, gross_micros, "
         "updated_at, folded_position) SELECT 'c' || (100 + n), '', '', '', 0, 0, 0, 0, 0, 0, 0, "
         "0, " +
         date + ", 0, 0, 0 FROM count; ";
}

constexpr char kEveryone[] = "CASE WHEN n = 0 THEN NULL ELSE (n * 7) % 40 END";
constexpr char kNobody[] = "NULL";

class SqliteClvMigrationTest : public ::testing::TestWithParam<int> {
 protected:
  void Make(const std::string& dates = kEveryone) {
    {
      const auto db = Open(std::min(GetParam(), 3));
      ASSERT_TRUE(db.ok()) << db.status();
      ASSERT_TRUE((*db)
                      ->Execute("BEGIN; UPDATE checkpoint SET folded_position = 9; "
                                "INSERT INTO settings VALUES ('reporting_currency', 'USD');" +
                                InsertValues(dates))
                      .ok());
      GetParam() == 2 ? FillTable(**db) : FillPages(**db);
      ASSERT_TRUE((*db)->Execute("COMMIT").ok());
    }
    const auto db = Open(GetParam());
    ASSERT_TRUE(db.ok()) << db.status();
  }

  absl::StatusOr<std::unique_ptr<Database>> Open(int version) {
    const Migrations first(ClvMigrations().begin(), ClvMigrations().begin() + version);
    return Database::Open(
        {.path = path_, .mode = Database::Mode::kReadWrite, .migrations = &first});
  }

  // The step after that version which moves facts; those behind it only add tables or are another
  // version's.
  static size_t MovingStep() { return GetParam() == 9 ? 9 : 3; }

  static void FillTable(Database& db) {
    Statement insert =
        db.Prepare("INSERT INTO purchases VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)").value();
    for (const Purchase& purchase : Purchases()) {
      insert.Bind(1, purchase.customer_id);
      insert.Bind(2, purchase.purchase_id);
      insert.Bind(3, purchase.order_id);
      insert.Bind(4, purchase.purchase_amount_micros);
      insert.Bind(5, purchase.purchase_date);
      insert.Bind(6, purchase.currency);
      insert.BindTextOrNull(7, purchase.product_id);
      insert.BindTextOrNull(8, purchase.product_name);
      insert.BindTextOrNull(9, purchase.product_category);
      insert.BindTextOrNull(10, purchase.payment_method);
      insert.Bind(11, purchase.created_at);
      ASSERT_TRUE(insert.Run().ok());
    }
  }

  // As version 3 kept them: pages, and the page of each purchase in a table.
  static void FillPages(Database& db) {
    ASSERT_TRUE(db.Execute("DROP TABLE purchases").ok());
    Statement page = db.Prepare("INSERT INTO purchase_pages VALUES (?, ?, ?)").value();
    Statement owner = db.Prepare("INSERT INTO purchase_owners VALUES (?, ?)").value();
    const std::map<std::string, TextId> texts = {{"", 0}, {"USD", 1}, {"EUR", 2}, {"Pen", 3}};
    std::map<std::string, int64_t> uses;
    const std::vector<Purchase> purchases = Purchases();
    int64_t page_id = 1'000;
    for (size_t i = 0; i < purchases.size(); page_id += 3) {
      const std::string& customer_id = purchases[i].customer_id;
      std::vector<PurchaseFact> rows;
      for (; i < purchases.size() && purchases[i].customer_id == customer_id; ++i) {
        const Purchase& from = purchases[i];
        rows.push_back({.purchase_id = from.purchase_id,
                        .amount_micros = from.purchase_amount_micros,
                        .date = from.purchase_date,
                        .created_at = from.created_at,
                        .currency = texts.at(from.currency),
                        .product_name = texts.at(from.product_name)});
        if (from.order_id != from.purchase_id) rows.back().order_id = from.order_id;
        ++uses[from.currency];
        if (!from.product_name.empty()) ++uses[from.product_name];
        owner.Bind(1, from.purchase_id);
        owner.Bind(2, page_id);
        ASSERT_TRUE(owner.Run().ok());
      }
      page.Bind(1, page_id);
      page.Bind(2, customer_id);
      page.BindBlob(3, PackPurchases(rows));
      ASSERT_TRUE(page.Run().ok());
    }
    for (const auto& [text, count] : uses) {
      ASSERT_TRUE(db.Execute("INSERT INTO purchase_texts VALUES (" +
                             std::to_string(texts.at(text)) + ", '" + text + "', " +
                             std::to_string(count) + ")")
                      .ok());
    }
  }

  // Everything in the file, as text.
  std::string Everything() {
    std::string all = DumpRawSql(path_,
                                 "SELECT * FROM sqlite_schema; PRAGMA user_version; "
                                 "SELECT * FROM checkpoint; SELECT * FROM customer_clv;");
    return all + DumpRawSql(
                     path_,
                     GetParam() == 2
                         ? "SELECT * FROM purchases"
                         : "SELECT page_id, customer_id, hex(rows) FROM "
                           "purchase_pages; SELECT * FROM purchase_texts; " +
                               std::string(GetParam() == 3 ? "SELECT * FROM purchase_owners" : ""));
  }

  // Opens the store, which migrates, and looks at all of it.
  void ExpectMigrated() {
    const auto opened = SqliteClvStore::Open({.path = path_});
    ASSERT_TRUE(opened.ok()) << opened.status();
    EXPECT_EQ(ReadRawSql(path_, "PRAGMA user_version"), std::to_string(ClvMigrations().size()));
    EXPECT_EQ(ReadRawSql(path_, "PRAGMA integrity_check"), "ok");
    const auto state = (*opened)->Read().value();
    EXPECT_EQ(*state->ScanPurchases({}, 100'000), Purchases());
    std::vector<std::string> ids;
    for (const Purchase& purchase : Purchases()) ids.push_back(purchase.purchase_id);
    const auto found = state->FindPurchases(ids).value();
    ASSERT_EQ(found.size(), ids.size());
    for (const Purchase& purchase : Purchases()) {
      EXPECT_EQ(found.at(purchase.purchase_id), purchase);
    }
    EXPECT_EQ(DumpRawSql(path_, "SELECT folded_position, durable_position FROM checkpoint"),
              "9|9\n");
    // Keys and texts agree with the pages: DumpClvSql looks.
    EXPECT_EQ(DumpClvSql(path_, "SELECT COUNT(*) FROM purchases"),
              std::to_string(Purchases().size()) + "\n");
    EXPECT_EQ(DumpRawSql(path_, "SELECT COUNT(*), MIN(folded_position) FROM customer_clv"),
              std::to_string(kCustomers) + "|0\n");
    EXPECT_EQ(DumpClvSql(path_, "SELECT COUNT(*) FROM orders WHERE order_id = 'o2'"), "1\n");
  }

  TempDirectory directory_;
  const std::string path_ = directory_.path() + "/clv.db";
};

INSTANTIATE_TEST_SUITE_P(FromVersion, SqliteClvMigrationTest, ::testing::Values(2, 3, 9));

TEST_P(SqliteClvMigrationTest, PurchasesAreFoundAndTheLatestActivityIsKnown) {
  Make();
  ExpectMigrated();
  EXPECT_EQ(DumpRawSql(path_, "SELECT customer_id, date FROM latest_activity"), "c117|39\n");
}

TEST_P(SqliteClvMigrationTest, PurchasesWithoutAValueAreKept) {
  Make();
  RunRawSql(path_, "DELETE FROM customer_clv WHERE customer_id = 'c101'");
  const auto opened = SqliteClvStore::Open({.path = path_});
  ASSERT_TRUE(opened.ok()) << opened.status();
  const auto state = (*opened)->Read().value();
  EXPECT_EQ(*state->ScanPurchases({}, 100'000), Purchases());
  EXPECT_TRUE(state->FindValues({"c101"})->empty());
  EXPECT_EQ(state->FindValues({"c102"})->size(), 1u);
  EXPECT_EQ(state->CustomersAfter("", 1'000)->size(), size_t{kCustomers});
}

bool IsIn(const std::string& bytes, const std::string& text) {
  return bytes.find(text) != std::string::npos;
}

// What it moved is nowhere else any more.
TEST_P(SqliteClvMigrationTest, WhatIsRemovedAfterItIsInNoFile) {
  Make();
  const auto store = SqliteClvStore::Open({.path = path_}).value();
  {
    const auto transaction = store->Begin().value();
    for (const Purchase& purchase : Purchases()) {
      ASSERT_TRUE(transaction->RemovePurchase(purchase.customer_id, purchase.purchase_id).ok());
    }
    for (int customer = 0; customer < kCustomers; ++customer) {
      ASSERT_TRUE(transaction->RemoveValue(CustomerId(customer)).ok());
    }
    // Names of those who have changed, too.
    ASSERT_TRUE(transaction->RemoveTraces({}).ok());
    ASSERT_TRUE(transaction->Commit(10).ok());
  }
  ASSERT_TRUE(store->Scrub().ok());
  std::ifstream file(path_, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), {});
  EXPECT_GT(bytes.size(), 4'096u);
  // Random digits, among which an id may be by chance.
  const std::string store_id =
      DumpRawSql(path_, "SELECT value FROM settings WHERE key = 'store_id'").substr(0, 32);
  const size_t at = bytes.find(store_id);
  ASSERT_NE(at, std::string::npos);
  bytes.erase(at, store_id.size());
  for (int customer = 0; customer < kCustomers; ++customer) {
    EXPECT_FALSE(IsIn(bytes, CustomerId(customer))) << customer;
    EXPECT_FALSE(IsIn(bytes, "p" + std::to_string(1'000 * customer + 1))) << customer;
  }
}

TEST_P(SqliteClvMigrationTest, NobodyIsNamedWhereNobodyWasActive) {
  Make(kNobody);
  ExpectMigrated();
  EXPECT_EQ(DumpRawSql(path_, "SELECT customer_id, date FROM latest_activity"), "|\n");
}

TEST_P(SqliteClvMigrationTest, TheStoreIsWrittenAfterIt) {
  Make();
  ExpectMigrated();
  const auto store = SqliteClvStore::Open({.path = path_}).value();
  const auto transaction = store->Begin().value();
  const Purchase moved = Purchases().front();
  ASSERT_TRUE(transaction->RemovePurchase(moved.customer_id, moved.purchase_id).ok());
  Purchase there = moved;
  there.customer_id = CustomerId(0);
  ASSERT_TRUE(transaction->PutPurchase(there).ok());
  ASSERT_TRUE(transaction->Commit(10).ok());
  EXPECT_EQ(DumpClvSql(path_, "SELECT customer_id FROM purchases WHERE purchase_id = '" +
                                  moved.purchase_id + "'"),
            CustomerId(0) + "\n");
}

const MigrationStep* moving_step = nullptr;

// Its work, where it has some beside its SQL.
absl::Status Work(Database& db) {
  return moving_step->work != nullptr ? moving_step->work(db) : absl::OkStatus();
}

// Of the interrupted migrations: how many instructions of SQLite they get.
int instructions_left = 0;

int IsInterrupted(void*) { return --instructions_left < 0 ? 1 : 0; }

// It, interrupted somewhere.
absl::Status InterruptedStep(Database& db) {
  sqlite3_progress_handler(db.raw(), 1, IsInterrupted, nullptr);
  absl::Status status = db.Execute(moving_step->sql);
  if (status.ok()) status = Work(db);
  sqlite3_progress_handler(db.raw(), 0, nullptr, nullptr);
  return status;
}

// It, in a process that dies before the commit.
absl::Status DyingStep(Database& db) {
  if (!db.Execute(moving_step->sql).ok() || !Work(db).ok()) _exit(1);
  _exit(77);
}

TEST_P(SqliteClvMigrationTest, AnInterruptedMigrationLeavesTheOldVersion) {
  Make();
  const std::string before = Everything();
  Migrations interrupted = ClvMigrations();
  moving_step = &ClvMigrations()[MovingStep()];
  interrupted[MovingStep()] = {"SELECT 1", InterruptedStep};
  int interruptions = 0;
  for (int instructions = 1;; instructions += 1 + instructions / 5) {
    instructions_left = instructions;
    const auto db = Database::Open(
        {.path = path_, .mode = Database::Mode::kReadWrite, .migrations = &interrupted});
    if (db.ok()) break;
    ++interruptions;
    ASSERT_TRUE(absl::IsDeadlineExceeded(db.status())) << db.status();
    ASSERT_EQ(Everything(), before) << "after " << instructions << " instructions";
  }
  EXPECT_GT(interruptions, 30);
  // The one that was not interrupted.
  ExpectMigrated();
}

TEST_P(SqliteClvMigrationTest, AProcessThatDiesBeforeTheCommitLeavesTheOldVersion) {
  Make();
  const std::string before = Everything();
  const pid_t child = fork();
  if (child == 0) {
    Migrations dying = ClvMigrations();
    moving_step = &ClvMigrations()[MovingStep()];
    dying[MovingStep()] = {"SELECT 1", DyingStep};
    (void)Database::Open({.path = path_, .mode = Database::Mode::kReadWrite, .migrations = &dying});
    _exit(2);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  ASSERT_EQ(WEXITSTATUS(status), 77);
  EXPECT_EQ(Everything(), before);
  ExpectMigrated();
}

}  // namespace
}  // namespace clv::storage
