#include <sqlite3.h>

#include <string>

#include "gtest/gtest.h"
#include "tests/drills/fault_drill.h"

namespace clv::drills {
namespace {

struct FaultCase {
  std::string name;
  Fault fault;
  int step;      // of the short form
  int64_t most;  // operations of the kind in a run under threads, about
};

void PrintTo(const FaultCase& fault, std::ostream* out) { *out << fault.name; }

class FaultTest : public ::testing::TestWithParam<FaultCase> {};

TEST_P(FaultTest, EveryNthLosesAndDoublesNothing) {
  const FaultsFound found = FailInTurn(GetParam().fault, 5, Times(GetParam().step, 1));
  std::cout << GetParam().name << ": " << found << "\n";
  EXPECT_EQ(found.breaches, 0) << found.first;
  EXPECT_GT(found.errors, 0);
}

TEST_P(FaultTest, UnderTheQueueAndTheWorkerNothingIsLostOrDoubled) {
  const FaultsFound found = FailUnderThreads(GetParam().fault, 7, GetParam().most, Times(3, 200));
  std::cout << GetParam().name << " under threads: " << found << "\n";
  EXPECT_EQ(found.breaches, 0) << found.first;
}

INSTANTIATE_TEST_SUITE_P(
    Faults, FaultTest,
    ::testing::Values(
        FaultCase{"Write", DiskFault(DiskOperation::kWrite, false, SQLITE_IOERR_WRITE), 13, 300},
        FaultCase{"WriteForEver", DiskFault(DiskOperation::kWrite, true, SQLITE_IOERR_WRITE), 17,
                  300},
        FaultCase{"FullDisk", DiskFault(DiskOperation::kWrite, false, SQLITE_FULL), 19, 300},
        FaultCase{"FullDiskForEver", DiskFault(DiskOperation::kWrite, true, SQLITE_FULL), 11, 300},
        FaultCase{"Sync", DiskFault(DiskOperation::kSync, false, SQLITE_IOERR_FSYNC), 3, 40},
        FaultCase{"SyncForEver", DiskFault(DiskOperation::kSync, true, SQLITE_IOERR_FSYNC), 3, 40},
        FaultCase{"ForgottenSync", DiskFault(DiskOperation::kSync, false, SQLITE_IOERR_FSYNC, true),
                  1, 40},
        FaultCase{"ForgottenSyncForEver",
                  DiskFault(DiskOperation::kSync, true, SQLITE_IOERR_FSYNC, true), 1, 40},
        FaultCase{"Truncate", DiskFault(DiskOperation::kTruncate, false, SQLITE_IOERR_TRUNCATE), 1,
                  2},
        FaultCase{"TruncateForEver",
                  DiskFault(DiskOperation::kTruncate, true, SQLITE_IOERR_TRUNCATE), 1, 2},
        FaultCase{"Open", DiskFault(DiskOperation::kOpen, false, SQLITE_CANTOPEN), 1, 10},
        FaultCase{"OpenForEver", DiskFault(DiskOperation::kOpen, true, SQLITE_CANTOPEN), 1, 10}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace clv::drills
