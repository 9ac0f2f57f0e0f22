// Copies of a whole installation, made while it is written.

#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include "common/storage/sqlite/backup.h"
#include "common/storage/sqlite/clv_store.h"
#include "common/storage/sqlite/event_log.h"
#include "common/storage/sqlite/token_store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/common/storage/raw_sqlite.h"
#include "tests/common/storage/temp_directory.h"

namespace clv::storage {
namespace {

using ::testing::HasSubstr;

bool GoOn() { return false; }

class SqliteBackupTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(data_.path);
    std::filesystem::create_directory(copy_.path);
    log_ = SqliteEventLog::Open({.path = data_.event_log()}).value();
    store_ = SqliteClvStore::Open({.path = data_.clv()}).value();
    tokens_ = SqliteTokenStore::Open(data_.auth()).value();
    ASSERT_TRUE(tokens_->CreateToken({.name = "t", .hash = std::string(32, 'h')}, {}).ok());
    Append(3);
    FoldThrough(2);
  }

  void Append(int records) {
    for (int i = 0; i < records; ++i) {
      ASSERT_TRUE(log_->Append({{.record = NewRecord{.row_count = 1, .payload = "record"}}}).ok());
    }
  }
  void FoldThrough(LogPosition position) {
    const auto transaction = store_->Begin().value();
    ASSERT_TRUE(transaction->PutCustomer({.customer_id = std::to_string(position)}).ok());
    ASSERT_TRUE(transaction->Commit(position).ok());
  }
  absl::StatusOr<CopiedInstallation> Copy() { return copier_.CopyInto(copy_.path, GoOn); }

  TempDirectory directory_;
  const DataDirectory data_{directory_.path() + "/data"};
  const DataDirectory copy_{directory_.path() + "/copy"};
  std::unique_ptr<SqliteEventLog> log_;
  std::unique_ptr<SqliteClvStore> store_;
  std::unique_ptr<SqliteTokenStore> tokens_;
  SqliteInstallationCopier copier_{data_};
};

TEST_F(SqliteBackupTest, CopiesEveryDatabase) {
  const auto copied = Copy();
  ASSERT_TRUE(copied.ok()) << copied.status();
  EXPECT_EQ(copied->folded_position, 2u);
  EXPECT_EQ(copied->log_position, 3u);
  ASSERT_EQ(copied->databases.size(), 3u);
  EXPECT_EQ(copied->databases[0].name, "clv.db");
  EXPECT_EQ(copied->databases[1].name, "event_log.db");
  EXPECT_EQ(copied->databases[2].name, "auth.db");
  EXPECT_EQ(copied->databases[0].schema_version, static_cast<int64_t>(ClvMigrations().size()));
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(copy_.path)) {
    names.insert(entry.path().filename());
  }
  EXPECT_EQ(names, (std::set<std::string>{"auth.db", "clv.db", "event_log.db"}));
}

TEST_F(SqliteBackupTest, TheCopyIsAnInstallation) {
  ASSERT_TRUE(Copy().ok());
  const auto log = SqliteEventLog::Open({.path = copy_.event_log()}).value();
  EXPECT_EQ(log->LastPosition(), 3u);
  EXPECT_EQ(log->ErasureKey(), log_->ErasureKey());
  EXPECT_EQ(log->Append({{.record = NewRecord{.payload = "next"}}}).value().front(), 4u);
  const auto store = SqliteClvStore::Open({.path = copy_.clv()}).value();
  EXPECT_EQ(store->Checkpoint().value(), 2u);
  EXPECT_EQ(SqliteTokenStore::Open(copy_.auth()).value()->ListTokens()->size(), 1u);
}

TEST_F(SqliteBackupTest, CopiesAConsistentStateWhileAllIsWritten) {
  std::atomic<bool> ends = false;
  std::thread writer([&] {
    for (LogPosition position = 3; !ends; ++position) {
      FoldThrough(position);
      Append(1);
    }
  });
  for (int i = 0; i < 5; ++i) {
    const LogPosition before = log_->LastPosition();
    const auto copied = Copy();
    ASSERT_TRUE(copied.ok()) << copied.status();
    EXPECT_GE(copied->log_position, before);
    EXPECT_EQ(ReadRawSql(copy_.clv(), "SELECT MAX(CAST(customer_id AS INTEGER)) FROM customers"),
              std::to_string(copied->folded_position));
    std::filesystem::remove_all(copy_.path);
    std::filesystem::create_directory(copy_.path);
  }
  ends = true;
  writer.join();
}

TEST_F(SqliteBackupTest, RefusesALogThatDoesNotGoOnWhereTheFactsEnd) {
  Append(5);
  ASSERT_TRUE(log_->TrimThrough(4).ok());
  const auto copied = Copy();
  EXPECT_EQ(copied.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(copied.status().message(), HasSubstr("does not go on"));
}

TEST_F(SqliteBackupTest, RefusesFactsThatAreAheadOfTheLog) {
  FoldThrough(99);
  EXPECT_EQ(Copy().status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(SqliteBackupTest, TakesALogThatIsFoldedAndTrimmedToItsEnd) {
  FoldThrough(3);
  ASSERT_TRUE(log_->TrimThrough(3).ok());
  const auto copied = Copy();
  ASSERT_TRUE(copied.ok()) << copied.status();
  EXPECT_EQ(copied->log_position, 3u);
}

TEST_F(SqliteBackupTest, FailsWhereADatabaseIsMissing) {
  std::filesystem::remove(data_.auth());
  EXPECT_EQ(Copy().status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(SqliteBackupTest, RefusesANewerSchema) {
  RunRawSql(data_.auth(), "PRAGMA user_version = 1000");
  EXPECT_EQ(Copy().status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(SqliteBackupTest, TellsOfADamagedDatabase) {
  std::fstream file(data_.clv(), std::ios::binary | std::ios::in | std::ios::out);
  ASSERT_TRUE(store_->Scrub().ok());
  store_.reset();
  const std::string rubbish(8192, 'x');
  file.seekp(4096);
  file.write(rubbish.data(), static_cast<std::streamsize>(rubbish.size()));
  file.close();
  EXPECT_EQ(Copy().status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(SqliteBackupTest, StopsWhenTold) {
  Append(3);
  int questions = 0;
  const auto copied = copier_.CopyInto(copy_.path, [&] {
    ++questions;
    return true;
  });
  EXPECT_EQ(copied.status().code(), absl::StatusCode::kCancelled);
  EXPECT_GT(questions, 0);
}

}  // namespace
}  // namespace clv::storage
