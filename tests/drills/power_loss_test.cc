#include "gtest/gtest.h"
#include "tests/drills/power_loss_drill.h"
#include "tests/drills/recording_disk.h"

namespace clv::drills {
namespace {

void ExpectClean(const Found& found, const char* what) {
  std::cout << what << ": " << found << "\n";
  EXPECT_EQ(found.breaches, 0) << found.first;
}

TEST(PowerLossTest, EveryImageKeepsWhatWasAcknowledgedExactlyOnce) {
  ExpectClean(DropPower(1, Times(120, 5'000)), "power-loss images");
}

TEST(PowerLossTest, SoDoImagesUnderTheQueueAndTheWorkerOnTheirThreads) {
  ExpectClean(DropPowerUnderThreads(4, Times(120, 5'000)), "power-loss images under threads");
}

TEST(PowerLossTest, WhatAKilledProcessLeftUnsyncedIsNotBuiltUpon) {
  ExpectClean(DropPowerAfterKill(3, Times(100, 2'000)), "kills followed by a power loss");
}

TEST(PowerLossTest, ADiskWhoseSyncsCountForNothingIsFound) {
  RecordingDisk::Install().set_honours_sync(false);
  const Found found = DropPower(2, 40);
  RecordingDisk::Install().set_honours_sync(true);
  std::cout << "disk without syncs: " << found << "\n";
  EXPECT_GT(found.breaches, 0);
}

}  // namespace
}  // namespace clv::drills
