#include "common/storage/coming_changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <string>
#include <thread>
#include <vector>

namespace clv::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ComingChangesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    changes_.StartFollowing();
    changes_.Want();
  }

  ComingChanges changes_;
};

TEST_F(ComingChangesTest, AFoldIsFollowedUntilItsCommit) {
  auto followed = std::async(std::launch::async, [&] {
    const auto fold = changes_.WaitForFold(0);
    EXPECT_EQ(fold.value().base.change, 7u);
    EXPECT_EQ(fold->base.reporting_currency, "USD");
    std::vector<std::string> told;
    while (true) {
      const auto next = changes_.Next(fold->number);
      EXPECT_TRUE(next.ok()) << next.status();
      if (!next.ok() || next->empty()) break;
      told.insert(told.end(), next->begin(), next->end());
    }
    EXPECT_THAT(told, ElementsAre("a", "b", "c"));
    const auto outcome = changes_.OutcomeOf(fold->number);
    EXPECT_EQ(outcome.value().folded_position, 33u);
    EXPECT_EQ(outcome->last_change, 8u);
    EXPECT_EQ(outcome->horizon_seconds, 99);
    return changes_.IsCommitted(fold->number);
  });
  EXPECT_TRUE(changes_.Begin({.change = 7, .reporting_currency = "USD"}));
  changes_.Tell({"a", "b"});
  changes_.Tell({"c"});
  changes_.Complete({.folded_position = 33, .last_change = 8, .horizon_seconds = 99});
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  changes_.End(true);
  EXPECT_TRUE(followed.get());
}

TEST_F(ComingChangesTest, WhatIsNotFetchedBeforeTheCommitIsThereAfterIt) {
  changes_.Begin({});
  const auto fold = changes_.WaitForFold(0).value();
  changes_.Tell({"a"});
  changes_.Complete({.last_change = 1});
  changes_.End(true);
  EXPECT_THAT(changes_.Next(fold.number).value(), ElementsAre("a"));
  EXPECT_THAT(changes_.Next(fold.number).value(), IsEmpty());
  EXPECT_EQ(changes_.OutcomeOf(fold.number).value().last_change, 1u);
  EXPECT_TRUE(changes_.IsCommitted(fold.number));
}

TEST_F(ComingChangesTest, OneThatHasCommittedAlreadyIsFollowedToo) {
  changes_.Begin({});
  changes_.Tell({"a"});
  changes_.Complete({.last_change = 1});
  changes_.End(true);
  const auto fold = changes_.WaitForFold(0).value();
  EXPECT_THAT(changes_.Next(fold.number).value(), ElementsAre("a"));
  EXPECT_TRUE(changes_.IsCommitted(fold.number));
}

TEST_F(ComingChangesTest, AFoldThatIsNotWantedIsNotTold) {
  EXPECT_TRUE(changes_.Begin({}));
  changes_.End(false);
  EXPECT_FALSE(changes_.Begin({})) << "one was wanted";
  changes_.Want();
  changes_.Want();
  EXPECT_TRUE(changes_.Begin({}));
  EXPECT_FALSE(changes_.Begin({}));
}

TEST_F(ComingChangesTest, OneThatEndsWithoutACommitIsAborted) {
  changes_.Begin({});
  const auto fold = changes_.WaitForFold(0).value();
  changes_.Tell({"a"});
  changes_.End(false);
  EXPECT_TRUE(absl::IsAborted(changes_.Next(fold.number).status()));
  EXPECT_TRUE(absl::IsAborted(changes_.OutcomeOf(fold.number).status()));
  EXPECT_FALSE(changes_.IsCommitted(fold.number));

  changes_.Want();
  changes_.Begin({});
  const auto complete = changes_.WaitForFold(fold.number).value();
  changes_.Complete({});
  changes_.End(false);
  EXPECT_FALSE(changes_.IsCommitted(complete.number));
}

TEST_F(ComingChangesTest, ACommitThatWasNotAnnouncedCompleteIsNone) {
  changes_.Begin({});
  const auto fold = changes_.WaitForFold(0).value();
  changes_.End(true);
  EXPECT_FALSE(changes_.IsCommitted(fold.number));
  EXPECT_TRUE(absl::IsAborted(changes_.OutcomeOf(fold.number).status()));
}

// The follower is at the last fold still when the next ones come and go.
TEST_F(ComingChangesTest, ThatAFoldHasCommittedIsKnownWhileOthersFollow) {
  changes_.Begin({});
  const auto fold = changes_.WaitForFold(0).value();
  changes_.Complete({});
  changes_.End(true);
  changes_.Begin({});  // that nobody wants
  EXPECT_TRUE(changes_.IsCommitted(fold.number));
  changes_.Want();
  changes_.Begin({});
  changes_.Tell({"z"});
  EXPECT_TRUE(changes_.IsCommitted(fold.number));
  EXPECT_TRUE(absl::IsAborted(changes_.Next(fold.number).status())) << "z is another's";
  changes_.End(false);
  EXPECT_TRUE(changes_.IsCommitted(fold.number));
  EXPECT_FALSE(changes_.IsCommitted(fold.number + 1));
}

TEST_F(ComingChangesTest, OfFoldsThatWereMissedTheLastIsFollowed) {
  for (const char* id : {"a", "b"}) {
    changes_.Want();
    changes_.Begin({});
    changes_.Tell({id});
  }
  const auto fold = changes_.WaitForFold(0).value();
  EXPECT_THAT(changes_.Next(fold.number).value(), ElementsAre("b"));
}

TEST_F(ComingChangesTest, WhoHasStoppedFollowingWaitsForNothingUntilHeComesBack) {
  changes_.Begin({});
  const auto fold = changes_.WaitForFold(0).value();
  auto waiting =
      std::async(std::launch::async, [&] { return changes_.Next(fold.number).status(); });
  changes_.StopFollowing();
  EXPECT_TRUE(absl::IsAborted(waiting.get()));
  EXPECT_FALSE(changes_.WaitForFold(0).has_value());
  changes_.Complete({});
  EXPECT_FALSE(changes_.IsCommitted(fold.number));
  changes_.StartFollowing();
  EXPECT_TRUE(changes_.WaitForFold(0).has_value());
}

}  // namespace
}  // namespace clv::storage
