// common/base/seeded_bugs.h: bugs that the drills switch on to see that they are found.
//
// Chosen by the linker: programs link a definition that always says no, one test links one that it
// can switch (tests/drills/seeding.h). Without CLV_DRILL_HOOKS, which only builds with tests
// define, nothing of it is compiled.
#ifndef CLV_COMMON_BASE_SEEDED_BUGS_H_
#define CLV_COMMON_BASE_SEEDED_BUGS_H_

namespace clv {

// Each lies in one place, which names it.
enum class SeededBug {
  kNone,
  kAcknowledgeBeforeCommit,
  kCheckpointOutsideTransaction,
  kCheckpointWithoutCompareAndSet,
  kDroppedQuarantineRow,
  kFloatingPointSums,
  kMissingDeduplication,
  kNewerWinsReversed,
  kNormalSoldAsFull,
  kTrimAtUnsyncedCheckpoint,
};

// Whether the code is to have the bug.
#ifdef CLV_DRILL_HOOKS
bool IsSeeded(SeededBug bug);
#else
constexpr bool IsSeeded(SeededBug) { return false; }
#endif

}  // namespace clv

#endif  // CLV_COMMON_BASE_SEEDED_BUGS_H_
