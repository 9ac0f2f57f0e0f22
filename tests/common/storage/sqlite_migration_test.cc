// Databases that the first version of the suite wrote, opened by this one.

#include <memory>
#include <string>
#include <vector>

#include "common/storage/sqlite/clv_store.h"
#include "common/storage/sqlite/db.h"
#include "common/storage/sqlite/event_log.h"
#include "common/storage/sqlite/event_reader.h"
#include "common/storage/sqlite/job_store.h"
#include "common/storage/sqlite/migrations/migrations.h"
#include "common/storage/sqlite/payload_checksum.h"
#include "common/storage/sqlite/quarantine_columns.h"
#include "common/storage/sqlite/quarantine_reader.h"
#include "common/storage/sqlite/token_store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/common/storage/raw_sqlite.h"
#include "tests/common/storage/temp_directory.h"

namespace clv::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string Hex(const std::string& bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const char c : bytes) {
    hex += kDigits[static_cast<unsigned char>(c) >> 4];
    hex += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return "x'" + hex + "'";
}

class SqliteMigrationTest : public ::testing::Test {
 protected:
  // Makes a database of version 1 and runs a script on it.
  void MakeVersion1(const Migrations& migrations, const std::string& sql) {
    const Migrations first = {migrations.front()};
    ASSERT_TRUE(
        Database::Open({.path = path_, .mode = Database::Mode::kReadWrite, .migrations = &first})
            .ok());
    ASSERT_EQ(ReadRawSql(path_, "PRAGMA user_version"), "1");
    RunRawSql(path_, sql);
  }

  void ExpectNewest(const Migrations& migrations) {
    EXPECT_EQ(ReadRawSql(path_, "PRAGMA user_version"), std::to_string(migrations.size()));
    EXPECT_EQ(ReadRawSql(path_, "PRAGMA integrity_check"), "ok");
  }

  TempDirectory directory_;
  const std::string path_ = directory_.path() + "/some.db";
};

TEST_F(SqliteMigrationTest, AnEventLogKeepsItsRecordsAndItsQuarantine) {
  const std::string payload = "payload";
  MakeVersion1(EventLogMigrations(),
               "INSERT INTO log_records VALUES (3, 2, 1700000000, 5, " +
                   std::to_string(PayloadChecksum(payload)) + ", " + Hex(payload) +
                   "); UPDATE log_state SET last_position = 3; "
                   "INSERT INTO quarantine (data_source, inserted_at, import_id, error, columns, "
                   "raw, raw_length) VALUES (1, 1700000000, 'i', '', " +
                   Hex(EncodeColumns({{"customer_id", "x", "got 'x', want y", ""}})) +
                   ", 'raw', 3); UPDATE quarantine_state SET row_count = 1, raw_bytes = 3, "
                   "dropped_rows = 4 WHERE data_source = 1");
  const auto log = SqliteEventLog::Open({.path = path_}).value();
  ExpectNewest(EventLogMigrations());
  EXPECT_EQ(log->LastPosition(), 3u);
  EXPECT_EQ(log->FirstRetainedPosition(), 3u);
  EXPECT_EQ(log->quarantine_counts()[DataSource::kCustomers].rows, 1u);
  EXPECT_EQ(log->quarantine_counts()[DataSource::kCustomers].dropped_rows, 4u);
  const auto records = SqliteEventReader::Open({.path = path_}).value()->ReadAfter(2, 10);
  ASSERT_TRUE(records.ok()) << records.status();
  ASSERT_THAT(*records, SizeIs(1));
  EXPECT_EQ(records->front().payload, payload);
  EXPECT_EQ(records->front().row_count, 5u);
  SqliteQuarantineReader quarantine(path_);
  const auto rows = quarantine.ListAfter(DataSource::kCustomers, 0, 10).value();
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_EQ(rows[0].columns.at(0).error, "got 'x', want y");
  // Nobody noted reasons then.
  EXPECT_THAT(*quarantine.CountByReason(DataSource::kCustomers), IsEmpty());
}

TEST_F(SqliteMigrationTest, AnEventLogTakesWhatIsNew) {
  MakeVersion1(EventLogMigrations(), "");
  const auto log = SqliteEventLog::Open({.path = path_}).value();
  EXPECT_THAT(log->ErasureKey(), SizeIs(32));
  EXPECT_EQ(log->erased_counts().customers, 0u);
  LogBatch staged{.record = NewRecord{.payload = "x", .load_id = "load"}};
  LogBatch erased{.record = NewRecord{.payload = "y"},
                  .tombstone = Tombstone{.id_hash = "hash", .erased_at_seconds = 1}};
  ASSERT_TRUE(log->Append({staged, erased}).ok());
  EXPECT_EQ(log->LoadStart("load"), 1u);
  EXPECT_THAT(*log->ErasedHashes(), ElementsAre("hash"));
  const auto jobs = SqliteJobStore::Open(path_).value();
  ASSERT_TRUE(jobs->PutJob({.job_id = "a"}).ok());
  EXPECT_THAT(*jobs->ListJobs(10), SizeIs(1));
}

TEST_F(SqliteMigrationTest, TheKeysOfTwoLogsDiffer) {
  MakeVersion1(EventLogMigrations(), "");
  const auto first = SqliteEventLog::Open({.path = path_}).value();
  const auto second = SqliteEventLog::Open({.path = directory_.path() + "/other.db"}).value();
  EXPECT_NE(first->ErasureKey(), second->ErasureKey());
}

TEST_F(SqliteMigrationTest, AStoreKeepsItsFactsAndItsCheckpoint) {
  MakeVersion1(ClvMigrations(),
               "UPDATE checkpoint SET folded_position = 9; "
               "INSERT INTO settings VALUES ('reporting_currency', 'CHF'); "
               "INSERT INTO customers (customer_id, name, active) VALUES ('c', 'Zo', 0); "
               "INSERT INTO purchases (customer_id, purchase_id, order_id, "
               "purchase_amount_micros, purchase_date, currency, product_name, created_at) "
               "VALUES ('c', 'p', 'o', -5, 7, 'CHF', 'Pen', 8), ('a', 'q', 'q', 6, 9, 'EUR', "
               "NULL, NULL); "
               "INSERT INTO customer_clv_imports VALUES ('c', 1, 2, 3, 4, NULL, NULL, NULL, 5); "
               "INSERT INTO dead_letters VALUES (1, 0, 2, 'k', 'r'); "
               "INSERT INTO jobs VALUES ('job_1', 1, 3, 10, 11, 1, 1, 1, 0, '', '', 9)");
  const auto store = SqliteClvStore::Open({.path = path_}).value();
  ExpectNewest(ClvMigrations());
  EXPECT_EQ(store->Checkpoint().value(), 9u);
  const auto state = store->Read().value();
  EXPECT_EQ(state->reporting_currency(), "CHF");
  EXPECT_EQ(state->ScanCustomers("", 10)->at(0),
            (domain::Customer{.customer_id = "c", .name = "Zo", .active = false}));
  EXPECT_THAT(*state->ScanPurchases({}, 10),
              ElementsAre(domain::Purchase{.purchase_id = "q",
                                           .customer_id = "a",
                                           .order_id = "q",
                                           .purchase_amount_micros = 6,
                                           .purchase_date = 9,
                                           .currency = "EUR"},
                          domain::Purchase{.purchase_id = "p",
                                           .customer_id = "c",
                                           .order_id = "o",
                                           .purchase_amount_micros = -5,
                                           .purchase_date = 7,
                                           .currency = "CHF",
                                           .product_name = "Pen",
                                           .created_at = 8}));
  EXPECT_EQ(state->FindPurchases({"p"})->at("p").customer_id, "c");
  EXPECT_EQ(DumpClvSql(path_, "SELECT customer_id, order_date FROM orders"), "c|7\n");
  EXPECT_EQ(state->ScanImports("", 10)->at(0).purchase_count, 2);
  EXPECT_EQ(state->CountFacts()->dead_letters, 1u);
  EXPECT_EQ(*state->Totals(), FoldOutcome());
  EXPECT_EQ(*state->OutcomeOf(9), std::nullopt);
  EXPECT_THAT(*store->ListJobs(10), SizeIs(1));
}

TEST_F(SqliteMigrationTest, AStoreTakesOutcomesAndTotals) {
  MakeVersion1(ClvMigrations(), "");
  const auto store = SqliteClvStore::Open({.path = path_}).value();
  const FoldOutcome outcome{.rows = 1, .removed_rows = 2};
  const auto writing = store->Begin().value();
  ASSERT_TRUE(writing->PutOutcome(1, outcome).ok());
  ASSERT_TRUE(writing->AddToTotals(outcome).ok());
  ASSERT_TRUE(writing->Commit(1).ok());
  EXPECT_EQ(*store->Read().value()->OutcomeOf(1), outcome);
  EXPECT_EQ(*store->Read().value()->Totals(), outcome);
}

TEST_F(SqliteMigrationTest, TokensKeepOpening) {
  MakeVersion1(AuthMigrations(),
               "INSERT INTO tokens VALUES ('t', x'00ff', 'clv_ab', 1700000000); "
               "INSERT INTO token_scopes VALUES ('t', 0, 'TOKENS'), ('t', 1, 'PIPES:READ:*')");
  const auto tokens = SqliteTokenStore::Open(path_).value();
  ExpectNewest(AuthMigrations());
  const auto listed = tokens->ListTokens().value();
  ASSERT_THAT(listed, SizeIs(1));
  EXPECT_EQ(listed[0].name, "t");
  EXPECT_EQ(listed[0].hash, std::string("\0\xff", 2));
  EXPECT_EQ(listed[0].prefix, "clv_ab");
  EXPECT_EQ(listed[0].created_at_seconds, 1'700'000'000);
  EXPECT_THAT(listed[0].scopes, ElementsAre("TOKENS", "PIPES:READ:*"));
}

}  // namespace
}  // namespace clv::storage
