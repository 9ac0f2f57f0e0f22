// tests/drills/failing_memory.h: SQLite's memory, of which the n-th allocation fails.
#ifndef CLV_TESTS_DRILLS_FAILING_MEMORY_H_
#define CLV_TESTS_DRILLS_FAILING_MEMORY_H_

#include <cstdint>

namespace clv::drills {

// Puts itself before SQLite's memory; false when SQLite is in use already. Once for each process.
bool InstallFailingMemory();

// From now on: the n-th allocation fails, counted from 1, or all from that one. Thread-safe, as the
// next.
void FailAllocation(int64_t nth, bool for_ever);

// Lifts the fault. Returns whether an allocation has failed.
bool EndFailingAllocations();

}  // namespace clv::drills

#endif  // CLV_TESTS_DRILLS_FAILING_MEMORY_H_
