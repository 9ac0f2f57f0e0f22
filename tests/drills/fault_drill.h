// tests/drills/fault_drill.h: one operation of the disk fails, once or for ever, under load.
#ifndef CLV_TESTS_DRILLS_FAULT_DRILL_H_
#define CLV_TESTS_DRILLS_FAULT_DRILL_H_

#include <cstdint>
#include <iostream>

#include "tests/drills/fault_plan.h"
#include "tests/drills/found.h"

namespace clv::drills {

struct Fault {
  DiskOperation operation = DiskOperation::kWrite;
  bool for_ever = false;  // until it is lifted, after a few errors
  int code = 0;           // SQLite's
};

struct FaultsFound : Found {
  int64_t errors = 0;           // that clients and folds met
  int64_t landed_failures = 0;  // requests that failed and are in the log nevertheless
};

inline std::ostream& operator<<(std::ostream& out, const FaultsFound& found) {
  return out << static_cast<const Found&>(found) << ", " << found.errors << " errors met, "
             << found.landed_failures << " failed requests in the log";
}

// Opens, appends, folds, trims and scrubs, in turn, with the n-th operation failing: for each n, in
// steps of `step`, until a run meets no fault. Then lifts the fault and checks the directory, and
// what a power loss would leave of it.
FaultsFound FailInTurn(const Fault& fault, uint64_t seed, int64_t step);

// The same with ingest's queue and the worker on their threads, in `runs` runs for a random n up to
// `most`.
FaultsFound FailUnderThreads(const Fault& fault, uint64_t seed, int64_t most, int runs);

}  // namespace clv::drills

#endif  // CLV_TESTS_DRILLS_FAULT_DRILL_H_
