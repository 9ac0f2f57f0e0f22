#include "services/ingest/idle_watch.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace clv::ingest {
namespace {

TEST(IdleWatchTest, RunsATimerOut) {
  IdleWatch watch(std::chrono::milliseconds(5));
  std::promise<void> expired;
  watch.Start([&] { expired.set_value(); });
  EXPECT_EQ(expired.get_future().wait_for(std::chrono::seconds(30)), std::future_status::ready);
}

TEST(IdleWatchTest, AStoppedTimerNeverRunsOut) {
  IdleWatch watch(std::chrono::milliseconds(20));
  std::atomic<int> stopped_ones = 0;
  const IdleWatch::Timer timer = watch.Start([&] { ++stopped_ones; });
  std::promise<void> later;
  watch.Start([&] { later.set_value(); });
  watch.Stop(timer);
  later.get_future().wait();
  EXPECT_EQ(stopped_ones, 0);
}

TEST(IdleWatchTest, StopWaitsForATimerThatIsRunningOut) {
  IdleWatch watch(std::chrono::milliseconds(1));
  std::promise<void> begun;
  std::promise<void> go_on;
  std::atomic<bool> over = false;
  const IdleWatch::Timer timer = watch.Start([&] {
    begun.set_value();
    go_on.get_future().wait();
    over = true;
  });
  begun.get_future().wait();
  std::thread releasing([&] { go_on.set_value(); });
  watch.Stop(timer);
  EXPECT_TRUE(over);
  releasing.join();
}

TEST(IdleWatchTest, ATimerMayStopItself) {
  IdleWatch watch(std::chrono::milliseconds(1));
  std::promise<void> expired;
  std::atomic<IdleWatch::Timer> timer = 0;
  timer = watch.Start([&] {
    watch.Stop(timer);
    expired.set_value();
  });
  EXPECT_EQ(expired.get_future().wait_for(std::chrono::seconds(30)), std::future_status::ready);
}

}  // namespace
}  // namespace clv::ingest
