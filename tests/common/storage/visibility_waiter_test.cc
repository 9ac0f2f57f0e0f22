#include "common/storage/visibility_waiter.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <vector>

#include "tests/common/storage/manual_fold_progress.h"

namespace clv::storage {
namespace {

using std::chrono::steady_clock;

std::future<bool> Wait(VisibilityWaiter& waiter, LogPosition position,
                       std::chrono::milliseconds timeout) {
  auto promise = std::make_shared<std::promise<bool>>();
  waiter.Wait(position, steady_clock::now() + timeout,
              [promise](bool visible) { promise->set_value(visible); });
  return promise->get_future();
}

TEST(VisibilityWaiterTest, TellsWhenThePositionIsFolded) {
  ManualFoldProgress progress;
  VisibilityWaiter waiter(&progress);
  auto first = Wait(waiter, 1, std::chrono::seconds(60));
  auto third = Wait(waiter, 3, std::chrono::seconds(60));
  progress.FoldThrough(1);
  EXPECT_TRUE(first.get());
  EXPECT_EQ(third.wait_for(std::chrono::milliseconds(30)), std::future_status::timeout);
  progress.FoldThrough(5);
  EXPECT_TRUE(third.get());
}

TEST(VisibilityWaiterTest, GivesUpAtTheEndOfTheTime) {
  ManualFoldProgress progress;
  VisibilityWaiter waiter(&progress);
  auto late = Wait(waiter, 2, std::chrono::seconds(60));
  EXPECT_FALSE(Wait(waiter, 1, std::chrono::milliseconds(10)).get());
  progress.FoldThrough(2);
  EXPECT_TRUE(late.get());
}

TEST(VisibilityWaiterTest, ServesManyWaitersAtOnce) {
  ManualFoldProgress progress;
  VisibilityWaiter waiter(&progress);
  std::vector<std::future<bool>> answers;
  for (LogPosition position = 1; position <= 500; ++position) {
    answers.push_back(Wait(waiter, position, std::chrono::seconds(60)));
  }
  progress.FoldThrough(500);
  for (auto& answer : answers) EXPECT_TRUE(answer.get());
}

TEST(VisibilityWaiterTest, AnswersEverybodyAtTheEnd) {
  ManualFoldProgress progress;
  auto waiter = std::make_unique<VisibilityWaiter>(&progress);
  auto answer = Wait(*waiter, 1, std::chrono::seconds(60));
  waiter.reset();
  EXPECT_FALSE(answer.get());
}

TEST(VisibilityWaiterTest, NothingBecomesVisibleWithoutAFold) {
  VisibilityWaiter waiter(nullptr);
  EXPECT_FALSE(Wait(waiter, 1, std::chrono::seconds(60)).get());
}

}  // namespace
}  // namespace clv::storage
