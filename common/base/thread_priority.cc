#include "common/base/thread_priority.h"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

namespace clv {
namespace {

// The weights of 0 and 10 are 1024 and 110 (sched(7), kernel/sched/core.c).
constexpr int kNice = 10;

}  // namespace

void GiveWay() {
  // Of one thread, as Linux has it.
  const auto thread = static_cast<id_t>(gettid());
  if (getpriority(PRIO_PROCESS, thread) < kNice) setpriority(PRIO_PROCESS, thread, kNice);
}

void GiveWayToAll() {
  const sched_param none{};
  sched_setscheduler(gettid(), SCHED_IDLE, &none);
}

}  // namespace clv
