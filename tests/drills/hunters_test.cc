// The hunters work: each seeded bug is found by a drill, and the same drill finds nothing without
// it.
#include <functional>
#include <iostream>
#include <string>

#include "gtest/gtest.h"
#include "tests/drills/power_loss_drill.h"
#include "tests/drills/seeding.h"
#include "tests/drills/zombie_drill.h"

namespace clv::drills {
namespace {

struct Hunt {
  std::string name;
  SeededBug bug;
  std::function<Found()> drill;
};

void PrintTo(const Hunt& hunt, std::ostream* out) { *out << hunt.name; }

class HuntersTest : public ::testing::TestWithParam<Hunt> {};

TEST_P(HuntersTest, FindTheBugAndNothingWithoutIt) {
  const Found without = GetParam().drill();
  std::cout << "without: " << without << "\n";
  EXPECT_EQ(without.breaches, 0) << without.first;
  EXPECT_GT(without.checks, 0);
  const Seeding seeding(GetParam().bug);
  const Found with = GetParam().drill();
  std::cout << "with: " << with << ", the first: " << with.first << "\n";
  EXPECT_GT(with.breaches, 0);
}

INSTANTIATE_TEST_SUITE_P(
    Bugs, HuntersTest,
    ::testing::Values(
        Hunt{"AcknowledgeBeforeCommit", SeededBug::kAcknowledgeBeforeCommit,
             [] { return DropPowerUnderThreads(11, 40); }},
        Hunt{"CheckpointOutsideTransaction", SeededBug::kCheckpointOutsideTransaction,
             [] { return DropPowerAfterKill(12, 300); }},
        Hunt{"CheckpointWithoutCompareAndSet", SeededBug::kCheckpointWithoutCompareAndSet,
             [] { return ResumeAfterAnotherMovedOn(13, 2); }},
        Hunt{"DroppedQuarantineRow", SeededBug::kDroppedQuarantineRow,
             [] { return DropPower(14, 150); }},
        Hunt{"FloatingPointSums", SeededBug::kFloatingPointSums, [] { return DropPower(15, 60); }},
        Hunt{"MissingDeduplication", SeededBug::kMissingDeduplication,
             [] { return DropPower(16, 40); }},
        Hunt{"NewerWinsReversed", SeededBug::kNewerWinsReversed, [] { return DropPower(17, 40); }},
        Hunt{"NormalSoldAsFull", SeededBug::kNormalSoldAsFull, [] { return DropPower(18, 20); }},
        Hunt{"TrimAtUnsyncedCheckpoint", SeededBug::kTrimAtUnsyncedCheckpoint,
             [] { return DropPowerAfterKill(19, 150); }}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace clv::drills
