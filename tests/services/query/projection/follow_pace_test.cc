#include "services/query/projection/follow_pace.h"

#include "gtest/gtest.h"

namespace clv::query {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const FollowPace::Time kStart = FollowPace::Time() + std::chrono::hours(1);

TEST(FollowPaceTest, ManyChangesWaitForTheEndOfTheLoad) {
  FollowPace pace;
  EXPECT_FALSE(pace.IsTimeForMany(1, kStart));
  EXPECT_FALSE(pace.IsTimeForMany(1, kStart + milliseconds(1'900)));
  EXPECT_TRUE(pace.IsTimeForMany(1, kStart + seconds(2)));
}

TEST(FollowPaceTest, FoldsOfALoadMayBeSecondsApart) {
  FollowPace pace;
  EXPECT_FALSE(pace.IsTimeForMany(1, kStart));
  // The first one was taken for the only one.
  EXPECT_TRUE(pace.IsTimeForMany(1, kStart + seconds(2)));
  pace.NoteApplied(true, milliseconds(100));
  pace.NoteCalm(kStart + seconds(3));
  EXPECT_FALSE(pace.IsTimeForMany(2, kStart + seconds(5)));
  EXPECT_FALSE(pace.IsTimeForMany(3, kStart + seconds(10)));
  EXPECT_FALSE(pace.IsTimeForMany(3, kStart + seconds(19)));
  EXPECT_TRUE(pace.IsTimeForMany(3, kStart + seconds(20)));
}

TEST(FollowPaceTest, AfterCalmTheNextLoadIsAnotherOne) {
  FollowPace pace;
  EXPECT_FALSE(pace.IsTimeForMany(1, kStart));
  EXPECT_FALSE(pace.IsTimeForMany(2, kStart + seconds(5)));
  pace.NoteApplied(false, milliseconds(1));
  pace.NoteCalm(kStart + seconds(15));
  EXPECT_FALSE(pace.IsTimeForMany(3, kStart + seconds(100)));
  EXPECT_TRUE(pace.IsTimeForMany(3, kStart + seconds(102)));
}

TEST(FollowPaceTest, ALongLoadIsAppliedNowAndThen) {
  FollowPace pace;
  FollowPace::Time applied = kStart;
  int applies = 0;
  for (int second = 0; second < 400; ++second) {
    const FollowPace::Time now = kStart + seconds(second);
    if (!pace.IsTimeForMany(second, now)) continue;
    EXPECT_GE(now - applied, applies == 0 ? seconds(60) : seconds(90));
    pace.NoteApplied(true, seconds(9));
    applied = now;
    ++applies;
  }
  EXPECT_EQ(applies, 4);
}

TEST(FollowPaceTest, ManyChangesDoNotWaitWhereSomebodyAsks) {
  FollowPace pace;
  pace.NoteAsked(kStart);
  EXPECT_TRUE(pace.IsAsked(kStart + seconds(1)));
  EXPECT_TRUE(pace.IsTimeForMany(1, kStart));
  EXPECT_TRUE(pace.IsTimeForMany(2, kStart + seconds(1)));
  EXPECT_FALSE(pace.IsAsked(kStart + milliseconds(1'001)));
  EXPECT_FALSE(pace.IsTimeForMany(3, kStart + milliseconds(1'001)));
}

TEST(FollowPaceTest, FollowsCloselyAsLongAsSomebodyAsks) {
  FollowPace pace;
  EXPECT_EQ(pace.PauseAfter(milliseconds(5), kStart), milliseconds(15));
  EXPECT_EQ(pace.PauseAfter(milliseconds(30), kStart), milliseconds(50)) << "or it falls behind";
  EXPECT_EQ(pace.PauseAfter(milliseconds(0), kStart), milliseconds(2));
  pace.NoteAsked(kStart);
  EXPECT_EQ(pace.PauseAfter(milliseconds(10), kStart + milliseconds(900)),
            std::chrono::microseconds(500));
  EXPECT_EQ(pace.PauseAfter(milliseconds(10), kStart + milliseconds(1'100)), milliseconds(30));
}

}  // namespace
}  // namespace clv::query
