#include "tests/drills/failing_memory.h"

#include <sqlite3.h>

#include <atomic>
#include <limits>

namespace clv::drills {
namespace {

constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

sqlite3_mem_methods g_real;
std::atomic<int64_t> g_left = kNever;  // allocations until the one that fails
std::atomic<bool> g_for_ever = false;
std::atomic<bool> g_has_failed = false;

bool Fails() {
  if (g_left.load(std::memory_order_relaxed) == kNever) return false;
  const int64_t left = --g_left;
  if (left > 0 || (left < 0 && !g_for_ever)) return false;
  g_has_failed = true;
  return true;
}

void* Allocate(int bytes) { return Fails() ? nullptr : g_real.xMalloc(bytes); }
void* Reallocate(void* memory, int bytes) {
  return Fails() ? nullptr : g_real.xRealloc(memory, bytes);
}

}  // namespace

bool InstallFailingMemory() {
  if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &g_real) != SQLITE_OK) return false;
  sqlite3_mem_methods failing = g_real;
  failing.xMalloc = Allocate;
  failing.xRealloc = Reallocate;
  return sqlite3_config(SQLITE_CONFIG_MALLOC, &failing) == SQLITE_OK;
}

void FailAllocation(int64_t nth, bool for_ever) {
  g_for_ever = for_ever;
  g_has_failed = false;
  g_left = nth;
}

bool EndFailingAllocations() {
  g_left = kNever;
  return g_has_failed;
}

}  // namespace clv::drills
