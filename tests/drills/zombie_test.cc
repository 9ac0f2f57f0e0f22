#include "gtest/gtest.h"
#include "tests/drills/zombie_drill.h"

namespace clv::drills {
namespace {

TEST(ZombieTest, APausedWorkerThatGoesOnTooLateChangesNothing) {
  const Found found = ResumeAfterAnotherMovedOn(1, Times(8, 500));
  std::cout << found << "\n";
  EXPECT_EQ(found.breaches, 0) << found.first;
}

TEST(ZombieTest, ProcessesThatAreStoppedResumedAndKilledFoldEverythingOnce) {
  const Found found = StopAndResumeProcesses(3, Times(5, 200));
  std::cout << found << "\n";
  EXPECT_EQ(found.breaches, 0) << found.first;
}

TEST(ZombieTest, TwoWorkersOnOneStoreFoldEverythingOnce) {
  const Found found = FoldByTwoWorkers(2, Times(8, 500));
  std::cout << found << "\n";
  EXPECT_EQ(found.breaches, 0) << found.first;
}

}  // namespace
}  // namespace clv::drills
