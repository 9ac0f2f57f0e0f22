#include <sqlite3.h>

#include "gtest/gtest.h"
#include "tests/drills/failing_memory.h"
#include "tests/drills/fault_drill.h"

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
