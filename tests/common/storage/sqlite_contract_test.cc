// The contracts of common/storage, kept by the SQLite backend.

#include <sqlite3.h>

#include <memory>
#include <string>
#include <vector>

#include "common/base/broadcast.h"
#include "common/storage/sqlite/clv_store.h"
#include "common/storage/sqlite/event_log.h"
#include "common/storage/sqlite/event_reader.h"
#include "common/storage/sqlite/fold_progress.h"
#include "common/storage/sqlite/job_store.h"
#include "common/storage/sqlite/quarantine_reader.h"
#include "common/storage/sqlite/token_store.h"
#include "tests/common/storage/contract/clv_store_contract.h"
#include "tests/common/storage/contract/event_log_contract.h"
#include "tests/common/storage/contract/job_store_contract.h"
#include "tests/common/storage/contract/token_store_contract.h"
#include "tests/common/storage/raw_sqlite.h"
#include "tests/common/storage/temp_directory.h"

namespace clv::storage {
namespace {

// `shared`: writer and readers are in one process and wake each other; else they poll the file.
class SqliteEventLogHome final : public EventLogHome {
 public:
  explicit SqliteEventLogHome(bool shared) : appended_(shared ? &broadcast_ : nullptr) {}

  absl::StatusOr<std::unique_ptr<EventLog>> OpenLog() override {
    return SqliteEventLog::Open({.path = path_, .appended = appended_});
  }
  absl::StatusOr<std::unique_ptr<EventReader>> OpenReader() override {
    return SqliteEventReader::Open({.path = path_, .appended = appended_});
  }
  std::unique_ptr<QuarantineReader> OpenQuarantine() override {
    return std::make_unique<SqliteQuarantineReader>(path_);
  }
  void DamagePayload(LogPosition position) override {
    RunRawSql(path_,
              "UPDATE log_records SET payload = CAST('P' || substr(payload, 2) AS BLOB) "
              "WHERE position = " +
                  std::to_string(position));
  }
  void LoseRecord(LogPosition position) override {
    RunRawSql(path_, "DELETE FROM log_records WHERE position = " + std::to_string(position));
  }
  void RefuseQuarantined(const std::string& raw) override {
    RunRawSql(path_, "CREATE TRIGGER refuse BEFORE INSERT ON quarantine WHEN NEW.raw = '" + raw +
                         "' BEGIN SELECT RAISE(ABORT, 'refused'); END");
  }

 private:
  TempDirectory directory_;
  const std::string path_ = directory_.path() + "/event_log.db";
  Broadcast broadcast_;
  Broadcast* const appended_;
};

class SqliteJobStoreHome final : public JobStoreHome {
 public:
  absl::StatusOr<std::unique_ptr<JobStore>> OpenStore() override {
    return SqliteJobStore::Open(path_);
  }
  absl::StatusOr<std::unique_ptr<EventLog>> OpenLog() override {
    return SqliteEventLog::Open({.path = path_});
  }

 private:
  TempDirectory directory_;
  const std::string path_ = directory_.path() + "/event_log.db";
};

class SqliteTokenStoreHome final : public TokenStoreHome {
 public:
  absl::StatusOr<std::unique_ptr<TokenStore>> OpenStore() override {
    auto store = SqliteTokenStore::Open(path_);
    if (!store.ok()) return store.status();
    audit_ = store->get();
    return store;
  }
  AuditLog* Audit() override { return audit_; }
  std::unique_ptr<TokenReader> OpenReader() override {
    return std::make_unique<SqliteTokenReader>(path_);
  }

 private:
  TempDirectory directory_;
  const std::string path_ = directory_.path() + "/auth.db";
  AuditLog* audit_ = nullptr;
};

class SqliteClvStoreHome final : public ClvStoreHome {
 public:
  explicit SqliteClvStoreHome(bool shared) : folded_(shared ? &broadcast_ : nullptr) {}

  absl::StatusOr<std::unique_ptr<ClvStore>> OpenStore() override {
    return SqliteClvStore::Open({.path = path_, .folded = folded_});
  }
  std::unique_ptr<FoldProgress> OpenProgress() override {
    return std::make_unique<SqliteFoldProgress>(
        SqliteFoldProgress::Options{.path = path_, .folded = folded_});
  }

 private:
  TempDirectory directory_;
  const std::string path_ = directory_.path() + "/clv.db";
  Broadcast broadcast_;
  Broadcast* const folded_;
};

INSTANTIATE_TEST_SUITE_P(SqliteInOneProcess, EventLogContract, ::testing::Values([] {
                           return std::make_unique<SqliteEventLogHome>(true);
                         }));
INSTANTIATE_TEST_SUITE_P(SqliteAcrossProcesses, EventLogContract, ::testing::Values([] {
                           return std::make_unique<SqliteEventLogHome>(false);
                         }));
INSTANTIATE_TEST_SUITE_P(Sqlite, JobStoreContract,
                         ::testing::Values([] { return std::make_unique<SqliteJobStoreHome>(); }));
INSTANTIATE_TEST_SUITE_P(Sqlite, TokenStoreContract, ::testing::Values([] {
                           return std::make_unique<SqliteTokenStoreHome>();
                         }));
INSTANTIATE_TEST_SUITE_P(SqliteInOneProcess, ClvStoreContract, ::testing::Values([] {
                           return std::make_unique<SqliteClvStoreHome>(true);
                         }));
INSTANTIATE_TEST_SUITE_P(SqliteAcrossProcesses, ClvStoreContract, ::testing::Values([] {
                           return std::make_unique<SqliteClvStoreHome>(false);
                         }));

TEST(SqliteEventReaderTest, TakesFewBytesAtOnceButARecordAtLeast) {
  const TempDirectory directory;
  const std::string path = directory.path() + "/event_log.db";
  const auto log = SqliteEventLog::Open({.path = path}).value();
  std::vector<LogBatch> batches;
  for (const size_t size : {10, 10, 10, 500, 10}) {
    batches.push_back({.record = NewRecord{DataSource::kPurchases, 1, 1, std::string(size, 'x')},
                       .quarantined = {}});
  }
  ASSERT_TRUE(log->Append(batches).ok());
  const auto reader = SqliteEventReader::Open({.path = path, .most_bytes_at_once = 25}).value();
  std::vector<size_t> counts;
  LogPosition after = 0;
  while (true) {
    const auto records = reader->ReadAfter(after, 1'000).value();
    if (records.empty()) break;
    counts.push_back(records.size());
    after = records.back().position;
  }
  EXPECT_EQ(counts, (std::vector<size_t>{2, 1, 1, 1}));
}

}  // namespace
}  // namespace clv::storage
