#include <sqlite3.h>

#include <memory>
#include <string>

#include "common/storage/sqlite/db.h"
#include "common/storage/sqlite/event_log.h"
#include "common/storage/sqlite/migrations/migrations.h"
#include "gtest/gtest.h"
#include "tests/drills/failing_memory.h"
#include "tests/drills/fault_drill.h"
#include "tests/drills/recorded_directory.h"

namespace clv::drills {
namespace {

// Before anything uses SQLite.
const bool kIsInstalled = InstallFailingMemory();

Fault MemoryFault(bool for_ever) {
  return {.arm = [=](int64_t nth) { FailAllocation(nth, for_ever); },
          .lift = EndFailingAllocations};
}

void ExpectClean(const FaultsFound& found, const char* what) {
  std::cout << what << ": " << found << "\n";
  EXPECT_EQ(found.breaches, 0) << found.first;
  EXPECT_GT(found.errors, 0);
}

std::unique_ptr<storage::Database> OpenDatabase(const std::string& directory) {
  auto db = storage::Database::Open({.path = directory + "/event_log.db",
                                     .mode = storage::Database::Mode::kReadWrite,
                                     .migrations = &storage::EventLogMigrations()});
  EXPECT_TRUE(db.ok()) << db.status();
  return *std::move(db);
}

TEST(MemoryTest, AValueThatCannotBeBoundFailsItsStatement) {
  ASSERT_TRUE(kIsInstalled);
  const RecordedDirectory directory;
  const auto db = OpenDatabase(directory.path());
  auto insert = db->Prepare("INSERT INTO tombstones (id_hash, erased_at) VALUES (?, 1)");
  ASSERT_TRUE(insert.ok()) << insert.status();
  FailAllocation(1, false);
  insert->BindBlob(1, std::string(1'000, 'x'));
  ASSERT_TRUE(EndFailingAllocations());
  EXPECT_EQ(insert->Run().code(), absl::StatusCode::kResourceExhausted);
  insert->BindBlob(1, std::string(1'000, 'x'));
  EXPECT_TRUE(insert->Run().ok());
}

TEST(MemoryTest, ATransactionThatCouldNotBeginOrEndIsNotInTheWayOfTheNext) {
  ASSERT_TRUE(kIsInstalled);
  const RecordedDirectory directory;
  const auto db = OpenDatabase(directory.path());
  for (int64_t nth = 1; nth <= 60; ++nth) {
    FailAllocation(nth, nth % 2 == 0);
    { auto transaction = storage::Transaction::Begin(*db, storage::Transaction::Kind::kImmediate); }
    EndFailingAllocations();
    auto next = storage::Transaction::Begin(*db, storage::Transaction::Kind::kImmediate);
    ASSERT_TRUE(next.ok()) << nth << ": " << next.status();
  }
}

TEST(MemoryTest, ALogThatOpenedByHalfAfterAFailedCommitOpensAgain) {
  ASSERT_TRUE(kIsInstalled);
  const RecordedDirectory directory;
  auto log = storage::SqliteEventLog::Open({.path = directory.path() + "/event_log.db"});
  ASSERT_TRUE(log.ok()) << log.status();
  const storage::LogBatch batch{.record = storage::NewRecord{.payload = "payload"}};
  const Fault sync = DiskFault(DiskOperation::kSync, false, SQLITE_IOERR_FSYNC);
  int failures = 0;
  for (int64_t nth = 10; nth <= 1'500; nth += 7) {
    sync.arm(1);
    FailAllocation(nth, false);
    failures += (*log)->Append({batch}).ok() ? 0 : 1;
    sync.lift();
    EndFailingAllocations();
    const auto positions = (*log)->Append({batch});
    ASSERT_TRUE(positions.ok()) << nth << ": " << positions.status();
  }
  EXPECT_GT(failures, 0);
}

TEST(MemoryTest, EveryNthAllocationThatFailsLosesAndDoublesNothing) {
  ASSERT_TRUE(kIsInstalled);
  ExpectClean(FailInTurn(MemoryFault(false), 5, Times(401, 1)), "an allocation fails");
}

TEST(MemoryTest, NorDoesMemoryThatIsGoneForAWhile) {
  ASSERT_TRUE(kIsInstalled);
  ExpectClean(FailInTurn(MemoryFault(true), 6, Times(499, 11)), "allocations fail for a while");
}

TEST(MemoryTest, UnderTheQueueAndTheWorkerNothingIsLostOrDoubled) {
  ASSERT_TRUE(kIsInstalled);
  ExpectClean(FailUnderThreads(MemoryFault(false), 7, 30'000, Times(15, 500)),
              "an allocation fails under threads");
}

}  // namespace
}  // namespace clv::drills
