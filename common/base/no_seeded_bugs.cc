#include "common/base/seeded_bugs.h"

#ifdef CLV_DRILL_HOOKS
namespace clv {

bool IsSeeded(SeededBug) { return false; }

}  // namespace clv
#endif
