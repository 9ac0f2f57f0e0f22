// Opening, migrating and failing of the SQLite databases.

#include <signal.h>
#include <sys/resource.h>

#include <chrono>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/storage/sqlite/clv_statements.h"
#include "common/storage/sqlite/clv_store.h"
#include "common/storage/sqlite/db.h"
#include "common/storage/sqlite/event_log.h"
#include "common/storage/sqlite/event_reader.h"
#include "common/storage/sqlite/migrations/migrations.h"
#include "common/storage/sqlite/token_store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/common/storage/raw_sqlite.h"
#include "tests/common/storage/temp_directory.h"

namespace clv::storage {
namespace {

using ::testing::ElementsAre;

class SqliteSchemaTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<Database>> Open(const Migrations& migrations,
                                                 Database::Mode mode) {
    return Database::Open({.path = path_, .mode = mode, .migrations = &migrations});
  }

  TempDirectory directory_;
  const std::string path_ = directory_.path() + "/some.db";
  const Migrations first_ = {{"CREATE TABLE a (x INTEGER) STRICT"}};
  const Migrations both_ = {{"CREATE TABLE a (x INTEGER) STRICT"},
                            {"CREATE TABLE b (y INTEGER) STRICT; INSERT INTO b VALUES (1)"}};
};

TEST_F(SqliteSchemaTest, MigratesFromEachVersionToTheNewest) {
  ASSERT_TRUE(Open(first_, Database::Mode::kReadWrite).ok());
  ASSERT_TRUE(Open(both_, Database::Mode::kReadWrite).ok());
  EXPECT_EQ(ReadRawSql(path_, "PRAGMA user_version"), "2");
  EXPECT_EQ(ReadRawSql(path_, "SELECT COUNT(*) FROM b"), "1");
}

TEST_F(SqliteSchemaTest, AMigrationMayDoWhatSqlCannotSayAndFailWithoutATrace) {
  ASSERT_TRUE(Open(first_, Database::Mode::kReadWrite).ok());
  const Migrations broken = {first_[0], {"CREATE TABLE b (y INTEGER) STRICT", [](Database& db) {
                                           EXPECT_TRUE(db.Execute("INSERT INTO b VALUES (3)").ok());
                                           return absl::DataLossError("a damaged row");
                                         }}};
  EXPECT_TRUE(absl::IsDataLoss(Open(broken, Database::Mode::kReadWrite).status()));
  EXPECT_EQ(ReadRawSql(path_, "SELECT COUNT(*) FROM sqlite_schema"), "1");
  const Migrations working = {first_[0], {"CREATE TABLE b (y INTEGER) STRICT", [](Database& db) {
                                            return db.Execute("INSERT INTO b VALUES (3)");
                                          }}};
  EXPECT_TRUE(Open(working, Database::Mode::kReadWrite).ok());
  EXPECT_EQ(ReadRawSql(path_, "SELECT y FROM b"), "3");
}

TEST_F(SqliteSchemaTest, AnInterruptedMigrationLeavesTheOldSchema) {
  ASSERT_TRUE(Open(first_, Database::Mode::kReadWrite).ok());
  const Migrations broken = {first_[0],
                             {"CREATE TABLE b (y INTEGER) STRICT; INSERT INTO nowhere VALUES (1)"}};
  EXPECT_FALSE(Open(broken, Database::Mode::kReadWrite).ok());
  EXPECT_EQ(ReadRawSql(path_, "PRAGMA user_version"), "1");
  EXPECT_EQ(ReadRawSql(path_, "SELECT COUNT(*) FROM sqlite_schema"), "1");
  EXPECT_TRUE(Open(first_, Database::Mode::kReadWrite).ok());
}

TEST_F(SqliteSchemaTest, RefusesANewerSchema) {
  ASSERT_TRUE(Open(both_, Database::Mode::kReadWrite).ok());
  for (const auto mode : {Database::Mode::kReadWrite, Database::Mode::kReadOnly}) {
    EXPECT_EQ(Open(first_, mode).status().code(), absl::StatusCode::kFailedPrecondition);
  }
}

TEST_F(SqliteSchemaTest, EveryStoreRefusesANewerSchema) {
  const std::string log = directory_.path() + "/event_log.db";
  const std::string clv = directory_.path() + "/clv.db";
  ASSERT_TRUE(SqliteEventLog::Open({.path = log}).ok());
  ASSERT_TRUE(SqliteClvStore::Open({.path = clv}).ok());
  RunRawSql(log, "PRAGMA user_version = 1000");
  RunRawSql(clv, "PRAGMA user_version = 1000");
  constexpr auto kRefused = absl::StatusCode::kFailedPrecondition;
  EXPECT_EQ(SqliteEventLog::Open({.path = log}).status().code(), kRefused);
  EXPECT_EQ(SqliteEventReader::Open({.path = log}).status().code(), kRefused);
  EXPECT_EQ(SqliteClvStore::Open({.path = clv}).status().code(), kRefused);
}

TEST_F(SqliteSchemaTest, TokensOfTheFirstSchemaAreKept) {
  const Migrations first = {AuthMigrations()[0]};
  ASSERT_TRUE(Open(first, Database::Mode::kReadWrite).ok());
  RunRawSql(path_, "INSERT INTO tokens VALUES ('old', x'" + std::string(64, 'a') +
                       "', 'clv_ab', 7);"
                       "INSERT INTO token_scopes VALUES ('old', 0, 'PIPES:READ:*')");
  auto store = SqliteTokenStore::Open(path_);
  ASSERT_TRUE(store.ok()) << store.status();
  const auto tokens = (*store)->ListTokens();
  ASSERT_TRUE(tokens.ok()) << tokens.status();
  ASSERT_EQ(tokens->size(), 1u);
  const StoredToken& token = tokens->front();
  EXPECT_EQ(token.name, "old");
  EXPECT_EQ(token.hash, std::string(32, '\xaa'));
  EXPECT_THAT(token.scopes, ElementsAre("PIPES:READ:*"));
  EXPECT_EQ(token.description, "");
  EXPECT_EQ(token.limits, TokenLimits());
  EXPECT_EQ((*store)->Count().value(), 0u);
}

TEST_F(SqliteSchemaTest, AReadOnlyFileThatIsNotThereIsUnavailable) {
  EXPECT_EQ(Open(first_, Database::Mode::kReadOnly).status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(SqliteEventReader::Open({.path = path_}).status().code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(SqliteSchemaTest, AReadOnlyFileOfAnOlderSchemaIsUnavailable) {
  ASSERT_TRUE(Open(first_, Database::Mode::kReadWrite).ok());
  EXPECT_EQ(Open(both_, Database::Mode::kReadOnly).status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(SqliteSchemaTest, AFileThatIsNoDatabaseIsDataLoss) {
  std::ofstream(path_) << std::string(4096, 'x');
  EXPECT_EQ(Open(first_, Database::Mode::kReadWrite).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(SqliteSchemaTest, TwoProcessesMayMigrateAtOnce) {
  std::vector<std::thread> threads;
  std::vector<absl::Status> results(4);
  for (absl::Status& result : results) {
    threads.emplace_back([&] { result = Open(both_, Database::Mode::kReadWrite).status(); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const absl::Status& result : results) EXPECT_TRUE(result.ok()) << result;
  EXPECT_EQ(ReadRawSql(path_, "SELECT COUNT(*) FROM b"), "1");
}

TEST_F(SqliteSchemaTest, AStatementPastItsDeadlineIsInterrupted) {
  auto db = Open(first_, Database::Mode::kReadWrite);
  ASSERT_TRUE(db.ok()) << db.status();
  (*db)->SetDeadline(std::chrono::steady_clock::now());
  constexpr char kEndless[] =
      "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT COUNT(*) FROM n";
  EXPECT_EQ((*db)->Execute(kEndless).code(), absl::StatusCode::kDeadlineExceeded);
  (*db)->SetDeadline(std::chrono::steady_clock::time_point::max());
  EXPECT_TRUE((*db)->Execute("INSERT INTO a VALUES (1)").ok());
}

TEST_F(SqliteSchemaTest, TheCheckpointMovesOnlyFromWhereItIs) {
  auto db = Database::Open(
      {.path = path_, .mode = Database::Mode::kReadWrite, .migrations = &ClvMigrations()});
  ASSERT_TRUE(db.ok()) << db.status();
  auto writes = ClvWriteStatements::Prepare(**db);
  ASSERT_TRUE(writes.ok()) << writes.status();
  ASSERT_TRUE((*writes)->MoveCheckpoint(0, 3).ok());
  EXPECT_EQ((*writes)->MoveCheckpoint(0, 4).code(), absl::StatusCode::kAborted);
  EXPECT_EQ(ReadRawSql(path_, "SELECT folded_position FROM checkpoint"), "3");
}

// Files of this process cannot grow beyond a size while it lives: what a full disk looks like.
class FullDisk {
 public:
  explicit FullDisk(uint64_t max_file_bytes) : handler_(::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{.rlim_cur = max_file_bytes, .rlim_max = before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, handler_);
  }

 private:
  void (*handler_)(int);
  rlimit before_{};
};

LogBatch BatchOf(size_t bytes) {
  return {.record = NewRecord{DataSource::kPurchases, 1, 1, std::string(bytes, 'x')},
          .quarantined = {}};
}

TEST(SqliteFullDiskTest, AnAppendThatDoesNotFitWritesNothingAndTheNextOneFollows) {
  TempDirectory directory;
  const std::string path = directory.path() + "/event_log.db";
  auto log = SqliteEventLog::Open({.path = path});
  ASSERT_TRUE(log.ok()) << log.status();
  ASSERT_TRUE((*log)->Append({BatchOf(10)}).ok());
  {
    const FullDisk disk(256 << 10);
    EXPECT_FALSE((*log)->Append({BatchOf(10), BatchOf(4 << 20)}).ok());
    EXPECT_EQ((*log)->LastPosition(), 1u);
  }
  const auto positions = (*log)->Append({BatchOf(4 << 20)});
  ASSERT_TRUE(positions.ok()) << positions.status();
  EXPECT_THAT(*positions, ElementsAre(2u));
  auto reader = SqliteEventReader::Open({.path = path});
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ((*reader)->ReadAfter(0, 100)->size(), 2u);
}

TEST(SqliteFullDiskTest, AFoldThatDoesNotFitChangesNothing) {
  TempDirectory directory;
  auto store = SqliteClvStore::Open({.path = directory.path() + "/clv.db", .cache_kib = 64});
  ASSERT_TRUE(store.ok()) << store.status();
  absl::Status failed;
  {
    const FullDisk disk(256 << 10);
    const auto writing = (*store)->Begin();
    ASSERT_TRUE(writing.ok()) << writing.status();
    for (int i = 0; i < 10'000 && failed.ok(); ++i) {
      failed = (*writing)->PutCustomer(
          {.customer_id = "c" + std::to_string(i), .name = std::string(200, 'x')});
    }
    if (failed.ok()) failed = (*writing)->Commit(1);
  }
  EXPECT_FALSE(failed.ok());
  ASSERT_TRUE((*store)->Reopen().ok());
  EXPECT_EQ((*store)->Checkpoint().value(), 0u);
  EXPECT_TRUE((*store)->Read().value()->CustomersAfter("", 10)->empty());
}

// Whether a file, or the write-ahead file beside it, holds a text anywhere.
bool Holds(const std::string& path, const std::string& text) {
  for (const std::string& name : {path, path + "-wal"}) {
    std::ifstream file(name, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), {});
    if (bytes.find(text) != std::string::npos) return true;
  }
  return false;
}

TEST_F(SqliteSchemaTest, WhatWasReplacedOrRemovedIsInNoFileAfterAScrub) {
  const std::string path = directory_.path() + "/event_log.db";
  const auto log = SqliteEventLog::Open({.path = path}).value();
  const auto reader = SqliteEventReader::Open({.path = path}).value();
  std::vector<RewrittenRecord> rewritten;
  LogBatch resolved;
  for (int i = 0; i < 400; ++i) {
    // From rows that share a page to rows of many pages.
    std::string canary;
    for (int repeat = 0; repeat <= i % 40 * (i % 7); ++repeat)
      canary += "canary " + std::to_string(i);
    ASSERT_TRUE(
        log->Append({{.record = NewRecord{.row_count = 1, .payload = "kept " + canary},
                      .quarantined = {{.columns = {{"name", canary, canary, ""}}, .raw = canary}}}})
            .ok());
    if (i % 3 != 0) {
      rewritten.push_back({.position = log->LastPosition(), .row_count = 0, .payload = "kept"});
    }
    resolved.resolved.push_back(static_cast<uint64_t>(i) + 1);
  }
  ASSERT_TRUE(Holds(path, "canary"));
  ASSERT_TRUE(log->ReplaceRecords(rewritten).ok());
  ASSERT_TRUE(log->TrimThrough(50).ok());
  rewritten.clear();
  for (LogPosition position = 51; position <= 400; ++position) {
    rewritten.push_back({.position = position, .payload = "kept"});
  }
  ASSERT_TRUE(log->ReplaceRecords(rewritten).ok());
  ASSERT_TRUE(log->Append({resolved}).ok());
  ASSERT_TRUE(log->Scrub().ok());
  EXPECT_FALSE(Holds(path, "canary"));
  EXPECT_TRUE(Holds(path, "kept"));
}

}  // namespace
}  // namespace clv::storage
