#include "common/base/failpoints.h"

#ifdef CLV_DRILL_HOOKS
namespace clv {

void ReachFailpoint(const char*) {}

}  // namespace clv
#endif
