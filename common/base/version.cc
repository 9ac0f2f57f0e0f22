#include "common/base/version.h"

#ifndef CLV_VERSION
#error "CLV_VERSION comes from CMake"
#endif

namespace clv {

const char* Version() { return CLV_VERSION; }

}  // namespace clv
