#include "common/base/slot_ring.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace clv {
namespace {

std::vector<int> Emptied(SlotRing<std::vector<int>>& ring) {
  std::vector<int> all;
  while (std::vector<int>* const slot = ring.NextFilled()) {
    all.insert(all.end(), slot->begin(), slot->end());
    ring.PutEmptied();
  }
  return all;
}

TEST(SlotRingTest, GivesEverythingInOrderHoweverManySlots) {
  for (const size_t slots : {1, 2, 3, 64}) {
    SlotRing<std::vector<int>> ring(slots);
    // Again, with the slots of the turn before.
    for (const int count : {0, 1, 2, 3, 1'000}) {
      ring.Reset();
      std::thread filler([&] {
        for (int i = 0; i < count; ++i) {
          std::vector<int>* const slot = ring.NextFree();
          slot->assign({2 * i, 2 * i + 1});
          ring.PutFilled();
        }
        ring.Finish();
      });
      const std::vector<int> all = Emptied(ring);
      filler.join();
      ASSERT_EQ(all.size(), 2u * count);
      for (int i = 0; i < 2 * count; ++i) ASSERT_EQ(all[i], i);
    }
  }
}

TEST(SlotRingTest, TheFillerIsNeverMoreThanTheSlotsAhead) {
  SlotRing<int> ring(4);
  for (int i = 0; i < 4; ++i) {
    *ring.NextFree() = i;
    ring.PutFilled();
  }
  std::thread filler([&] {
    *ring.NextFree() = 4;
    ring.PutFilled();
    ring.Finish();
  });
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(*ring.NextFilled(), i);
    ring.PutEmptied();
  }
  EXPECT_EQ(ring.NextFilled(), nullptr);
  filler.join();
}

TEST(SlotRingTest, AnEndWakesTheFillerThatWaits) {
  SlotRing<int> ring(2);
  int filled = 0;
  std::thread filler([&] {
    while (ring.NextFree() != nullptr) {
      ++filled;
      ring.PutFilled();
    }
    ring.Finish();
  });
  ASSERT_NE(ring.NextFilled(), nullptr);
  ring.End();
  filler.join();
  EXPECT_GE(filled, 1);
  EXPECT_LE(filled, 2);
}

}  // namespace
}  // namespace clv
