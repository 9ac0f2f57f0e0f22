#include "common/base/thread_priority.h"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <thread>

#include "gtest/gtest.h"

namespace clv {
namespace {

int NiceOfThisThread() { return getpriority(PRIO_PROCESS, static_cast<id_t>(gettid())); }

TEST(ThreadPriorityTest, OneThreadAndThoseItStartsGiveWay) {
  const int before = NiceOfThisThread();
  if (before >= 10) GTEST_SKIP() << "the whole test gives way: nice is " << before;
  std::thread([] {
    GiveWay();
    EXPECT_EQ(NiceOfThisThread(), 10);
    std::thread([] { EXPECT_EQ(NiceOfThisThread(), 10); }).join();
    GiveWay();
    EXPECT_EQ(NiceOfThisThread(), 10);
  }).join();
  EXPECT_EQ(NiceOfThisThread(), before);
}

TEST(ThreadPriorityTest, OneThreadAndThoseItStartsGiveWayToAll) {
  const int before = sched_getscheduler(gettid());
  if (before == SCHED_IDLE) GTEST_SKIP() << "the whole test gives way to all";
  bool is_refused = false;
  std::thread([&] {
    const sched_param none{};
    is_refused = sched_setscheduler(gettid(), SCHED_IDLE, &none) != 0;
  }).join();
  if (is_refused) GTEST_SKIP() << "the system has no such policy";
  std::thread([] {
    GiveWayToAll();
    EXPECT_EQ(sched_getscheduler(gettid()), SCHED_IDLE);
    std::thread([] { EXPECT_EQ(sched_getscheduler(gettid()), SCHED_IDLE); }).join();
  }).join();
  EXPECT_EQ(sched_getscheduler(gettid()), before);
}

}  // namespace
}  // namespace clv
