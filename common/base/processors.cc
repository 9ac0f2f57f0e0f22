#include "common/base/processors.h"

#include <sched.h>

namespace clv {

int ThisProcessor() { return sched_getcpu(); }

void AvoidProcessor(int processor) {
  cpu_set_t allowed;
  if (processor < 0 || processor >= CPU_SETSIZE) return;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return;
  CPU_CLR(static_cast<size_t>(processor), &allowed);
  if (CPU_COUNT(&allowed) > 0) sched_setaffinity(0, sizeof(allowed), &allowed);
}

}  // namespace clv
