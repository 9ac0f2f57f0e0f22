#include "common/base/process_memory.h"

#include <cstdlib>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace clv {

void KeepFreedMemory() {
#ifdef __GLIBC__
  constexpr int kMebibyte = 1 << 20;
  mallopt(M_ARENA_MAX, 2);
  mallopt(M_TRIM_THRESHOLD, 64 * kMebibyte);
  mallopt(M_TOP_PAD, 4 * kMebibyte);
  // Batches of rows come from the heap too, not from mappings of their own.
  mallopt(M_MMAP_THRESHOLD, 32 * kMebibyte);
#endif
}

}  // namespace clv
