#include "services/aggregation/announcements.h"

#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace clv::aggregation {
namespace {

using std::chrono::milliseconds;
using storage::LogPosition;

constexpr Announcements::Options kOptions = {.least_rows_later = 10,
                                             .longest_wait = milliseconds(500),
                                             .longest_wait_per_row = milliseconds(1),
                                             .most_wait = milliseconds(1'200)};
const Announcements::Time kStart = Announcements::Time() + std::chrono::hours(1);

TEST(AnnouncementsTest, ASmallFoldIsAnnouncedWithItself) {
  Announcements announcements(kOptions);
  EXPECT_EQ(announcements.AnnounceWith(5, 9, 0, kStart), 5u);
  EXPECT_FALSE(announcements.is_any_left());
}

TEST(AnnouncementsTest, ALargerOneIsAnnouncedOnceItIsApplied) {
  Announcements announcements(kOptions);
  EXPECT_EQ(announcements.AnnounceWith(5, 9, 0, kStart), 5u);
  EXPECT_EQ(announcements.AnnounceWith(7, 10, 5, kStart), 5u);
  EXPECT_EQ(announcements.AnnounceWith(9, 500, 6, kStart), 5u);
  EXPECT_TRUE(announcements.is_any_left());
  EXPECT_EQ(announcements.TakeDue(6, kStart), 5u);
  EXPECT_EQ(announcements.TakeDue(7, kStart), 7u);
  EXPECT_TRUE(announcements.is_any_left());
  EXPECT_EQ(announcements.AnnounceWith(11, 500, 9, kStart), 9u);
  EXPECT_EQ(announcements.TakeDue(100, kStart), 11u);
  EXPECT_FALSE(announcements.is_any_left());
}

TEST(AnnouncementsTest, NobodyAppliesItAndItIsAnnouncedAllTheSame) {
  Announcements announcements(kOptions);
  announcements.AnnounceWith(7, 10, 0, kStart);
  announcements.AnnounceWith(9, 10, 0, kStart + milliseconds(100));
  EXPECT_EQ(announcements.TakeDue(0, kStart + milliseconds(499)), 0u);
  EXPECT_EQ(announcements.TakeDue(0, kStart + milliseconds(500)), 7u);
  EXPECT_EQ(announcements.AnnounceWith(11, 10, 0, kStart + milliseconds(600)), 9u);
}

TEST(AnnouncementsTest, NothingWaitsWhereNobodyAsks) {
  Announcements announcements(kOptions);
  announcements.AnnounceWith(5, 10, 0, kStart);
  EXPECT_EQ(announcements.AnnounceWith(7, 500, UINT64_MAX, kStart), 7u);
  EXPECT_FALSE(announcements.is_any_left());
}

TEST(AnnouncementsTest, ManyRowsHaveMoreTime) {
  Announcements announcements(kOptions);
  announcements.AnnounceWith(7, 800, 0, kStart);
  EXPECT_EQ(announcements.TakeDue(0, kStart + milliseconds(799)), 0u);
  EXPECT_EQ(announcements.TakeDue(0, kStart + milliseconds(800)), 7u);
}

TEST(AnnouncementsTest, NobodyWaitsForEver) {
  Announcements announcements(kOptions);
  announcements.AnnounceWith(7, 1'000'000, 0, kStart);
  EXPECT_EQ(announcements.TakeDue(0, kStart + milliseconds(1'199)), 0u);
  EXPECT_EQ(announcements.TakeDue(0, kStart + milliseconds(1'200)), 7u);
}

TEST(AnnouncementsTest, ASmallFoldDoesNotOvertakeALargerOne) {
  Announcements announcements(kOptions);
  announcements.AnnounceWith(7, 10, 0, kStart);
  EXPECT_EQ(announcements.AnnounceWith(8, 1, 0, kStart), 0u);
  EXPECT_EQ(announcements.AnnounceWith(9, 1, 8, kStart), 9u) << "all before it is applied";
}

TEST(AnnouncementsTest, WhatIsLeftCanBeTakenAtOnce) {
  Announcements announcements(kOptions);
  announcements.AnnounceWith(7, 10, 0, kStart);
  announcements.AnnounceWith(9, 10, 0, kStart);
  EXPECT_EQ(announcements.TakeAll(), 9u);
  EXPECT_FALSE(announcements.is_any_left());
  EXPECT_EQ(announcements.TakeAll(), 9u);
}

TEST(AnnouncementsTest, AfterARestartTheCheckpointIsDue) {
  Announcements announcements(kOptions);
  announcements.AnnounceWith(7, 10, 0, kStart);
  announcements.Restart(8);
  EXPECT_TRUE(announcements.is_any_left());
  EXPECT_EQ(announcements.AnnounceWith(9, 10, 0, kStart), 8u);
}

// Whatever comes: announcements rise, reach a fold that is applied or has waited long at the next
// chance, and none that is neither, but for small folds.
RC_GTEST_PROP(AnnouncementsTest, ComeInOrderAndInTime, ()) {
  Announcements announcements(kOptions);
  struct Fold {
    LogPosition position;
    Announcements::Time due;
  };
  std::vector<Fold> open;
  Announcements::Time now = kStart;
  LogPosition position = 0;
  LogPosition applied = 0;
  LogPosition announced = 0;
  const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 1 << 16));
  for (const int step : steps) {
    now += milliseconds(step % 97);
    if (position > applied) applied += static_cast<LogPosition>(step) % (position - applied + 1);
    LogPosition next = 0;
    bool takes_all = false;
    if (step % 3 == 0) {
      next = announcements.TakeDue(applied, now);
    } else {
      position += 1 + static_cast<LogPosition>(step % 5);
      const uint64_t rows = static_cast<uint64_t>(step) % 1'500;
      open.push_back(
          {position, now + std::max<Announcements::Time::duration>(
                               milliseconds(500), milliseconds(std::min<uint64_t>(rows, 1'200)))});
      next = announcements.AnnounceWith(position, rows, applied, now);
      takes_all = next == position;
      if (takes_all) RC_ASSERT(rows < kOptions.least_rows_later);
    }
    RC_ASSERT(next >= announced);
    announced = next;
    while (!open.empty() && open.front().position <= announced) {
      RC_ASSERT(takes_all || open.front().position <= applied || now >= open.front().due);
      open.erase(open.begin());
    }
    RC_ASSERT(announcements.is_any_left() == !open.empty());
    if (!open.empty()) {
      RC_ASSERT(open.front().position > applied);
      RC_ASSERT(now < open.front().due);
    }
  }
}

}  // namespace
}  // namespace clv::aggregation
