// common/base/failpoints.h: named places where a drill lets the process die.
//
// Chosen by the linker, as seeded_bugs.h: nothing happens in the programs.
#ifndef CLV_COMMON_BASE_FAILPOINTS_H_
#define CLV_COMMON_BASE_FAILPOINTS_H_

namespace clv {

// Tells that the place `name` is reached; may not return. Thread-safe.
#ifdef CLV_DRILL_HOOKS
void ReachFailpoint(const char* name);
#else
constexpr void ReachFailpoint(const char*) {}
#endif

}  // namespace clv

#endif  // CLV_COMMON_BASE_FAILPOINTS_H_
