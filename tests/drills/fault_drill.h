// tests/drills/fault_drill.h: the disk or SQLite's memory fails, once or for ever, under load.
#ifndef CLV_TESTS_DRILLS_FAULT_DRILL_H_
#define CLV_TESTS_DRILLS_FAULT_DRILL_H_

#include <cstdint>
#include <functional>
#include <iostream>

#include "tests/drills/fault_plan.h"
#include "tests/drills/found.h"

namespace clv::drills {

// A fault that a drill can switch on and off.
struct Fault {
  std::function<void(int64_t nth)> arm;  // the n-th from now on
  std::function<bool()> lift;            // whether it was met since then
};

// An operation of the recording disk. `code`: an error code of SQLite. `forgets`: see
// RecordingDisk::set_forgets_failed_syncs.
Fault DiskFault(DiskOperation operation, bool for_ever, int code, bool forgets = false);

struct FaultsFound : Found {
  int64_t errors = 0;           // that clients and folds met
  int64_t landed_failures = 0;  // requests that failed and are in the log nevertheless
};

inline std::ostream& operator<<(std::ostream& out, const FaultsFound& found) {
  return out << static_cast<const Found&>(found) << ", " << found.errors << " errors met, "
             << found.landed_failures << " failed requests in the log";
}

// Opens, appends, folds, trims and scrubs, in turn, with the n-th operation failing: for each n, in
// steps of `step`, until a run meets no fault. Each time the fault is lifted after a few errors at
// last, and what is left is checked, and what a power loss would leave.
FaultsFound FailInTurn(const Fault& fault, uint64_t seed, int64_t step);

// The same with ingest's queue and the worker on their threads, in `runs` runs for a random n up to
// `most`.
FaultsFound FailUnderThreads(const Fault& fault, uint64_t seed, int64_t most, int runs);

}  // namespace clv::drills

#endif  // CLV_TESTS_DRILLS_FAULT_DRILL_H_
