// tests/drills/power_loss_drill.h: lets the power fail at random moments and checks what is left.
#ifndef CLV_TESTS_DRILLS_POWER_LOSS_DRILL_H_
#define CLV_TESTS_DRILLS_POWER_LOSS_DRILL_H_

#include <cstdint>

#include "tests/drills/found.h"

namespace clv::drills {

// Appends, folds, trims and scrubs in turn, at random, and checks images of random moments until
// there are `images`.
Found DropPower(uint64_t seed, int images);

// The same with ingest's queue and the worker, each on its thread.
Found DropPowerUnderThreads(uint64_t seed, int images);

// Kills the process at a random moment; lets the next one, or ingest alone, fold and trim what it
// finds; then the power fails. `kills` times.
Found DropPowerAfterKill(uint64_t seed, int kills);

}  // namespace clv::drills

#endif  // CLV_TESTS_DRILLS_POWER_LOSS_DRILL_H_
