// tests/drills/zombie_drill.h: workers that should not be: paused ones that go on too late, and two
// at once on one store.
#ifndef CLV_TESTS_DRILLS_ZOMBIE_DRILL_H_
#define CLV_TESTS_DRILLS_ZOMBIE_DRILL_H_

#include <cstdint>

#include "tests/drills/found.h"

namespace clv::drills {

// A worker pauses between reading the log and its transaction; another one folds on; the first
// resumes. `runs` times.
Found ResumeAfterAnotherMovedOn(uint64_t seed, int runs);

// Two workers, each with a store object of its own on one file, fold what is appended meanwhile.
// `runs` times.
Found FoldByTwoWorkers(uint64_t seed, int runs);

// Several worker processes without the lock of their role, on one store: stopped, resumed and
// killed at random moments while requests are appended. `runs` times. Call it without other
// threads.
Found StopAndResumeProcesses(uint64_t seed, int runs);

}  // namespace clv::drills

#endif  // CLV_TESTS_DRILLS_ZOMBIE_DRILL_H_
