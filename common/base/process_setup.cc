#include "common/base/process_setup.h"

#include <cstdlib>

#include "absl/synchronization/mutex.h"

#ifdef CLV_JEMALLOC
// Read by jemalloc before anything runs. One arena: blocks of a batch are freed on other threads
// than those that made them, and each arena would keep its own. Freed memory is given back after a
// minute, not after ten seconds: that takes huge pages apart, which the next batch must fill again.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "thp:always,narenas:1,metadata_thp:auto,dirty_decay_ms:60000";
}
#elif defined(__GLIBC__)
#include <malloc.h>
#endif

namespace clv {

void SetUpProcess() {
#if !defined(CLV_JEMALLOC) && defined(__GLIBC__)
  constexpr int kMebibyte = 1 << 20;
  mallopt(M_ARENA_MAX, 2);
  mallopt(M_TRIM_THRESHOLD, 64 * kMebibyte);
  mallopt(M_TOP_PAD, 4 * kMebibyte);
  // Batches of rows come from the heap too, not from mappings of their own.
  mallopt(M_MMAP_THRESHOLD, 32 * kMebibyte);
#endif
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
}

}  // namespace clv
