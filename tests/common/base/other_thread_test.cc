#include "common/base/other_thread.h"

#include <sys/resource.h>
#include <unistd.h>

#include <thread>
#include <vector>

#include "common/base/thread_priority.h"
#include "gtest/gtest.h"

namespace clv {
namespace {

TEST(OtherThreadTest, DoesOneThingAfterTheOther) {
  OtherThread other;
  int done = 0;
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      for (int k = 0; k < 100; ++k) {
        const auto caller = std::this_thread::get_id();
        std::thread::id worker;
        other.Run([&] {
          worker = std::this_thread::get_id();
          ++done;
        });
        EXPECT_NE(worker, std::thread::id());
        EXPECT_NE(worker, caller);
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(done, 400);
}

TEST(OtherThreadTest, HasThePriorityOfWhoMadeIt) {
  const auto nice = [] { return getpriority(PRIO_PROCESS, static_cast<id_t>(gettid())); };
  OtherThread other;
  const int before = nice();
  std::thread([&] {
    GiveWay();
    other.Run([&] { EXPECT_EQ(nice(), before); });
  }).join();
}

}  // namespace
}  // namespace clv
