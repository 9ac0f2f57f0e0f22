#include "common/base/processors.h"

#include <sched.h>

#include <thread>

#include "gtest/gtest.h"

namespace clv {
namespace {

int ProcessorsAllowed() {
  cpu_set_t allowed;
  return sched_getaffinity(0, sizeof(allowed), &allowed) == 0 ? CPU_COUNT(&allowed) : 0;
}

TEST(ProcessorsTest, AThreadLeavesOneAndStaysOffIt) {
  const int before = ProcessorsAllowed();
  if (before < 2) GTEST_SKIP() << "there is one processor";
  std::thread([&] {
    const int here = ThisProcessor();
    ASSERT_GE(here, 0);
    AvoidProcessor(here);
    for (int i = 0; i < 1'000; ++i) {
      ASSERT_NE(ThisProcessor(), here);
      std::this_thread::yield();
    }
  }).join();
  EXPECT_EQ(ProcessorsAllowed(), before) << "no other thread is concerned";
}

TEST(ProcessorsTest, TheLastOneIsNotLeft) {
  std::thread([] {
    while (ProcessorsAllowed() > 1) AvoidProcessor(ThisProcessor());
    AvoidProcessor(ThisProcessor());
    EXPECT_EQ(ProcessorsAllowed(), 1);
    AvoidProcessor(-1);
    AvoidProcessor(1'000'000);
    EXPECT_EQ(ProcessorsAllowed(), 1);
  }).join();
}

}  // namespace
}  // namespace clv
