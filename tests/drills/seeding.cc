#include "tests/drills/seeding.h"

#include <atomic>

namespace clv {
namespace {

std::atomic<SeededBug> g_seeded = SeededBug::kNone;

}  // namespace

bool IsSeeded(SeededBug bug) { return g_seeded.load(std::memory_order_relaxed) == bug; }

namespace drills {

Seeding::Seeding(SeededBug bug) { g_seeded = bug; }

Seeding::~Seeding() { g_seeded = SeededBug::kNone; }

}  // namespace drills
}  // namespace clv
