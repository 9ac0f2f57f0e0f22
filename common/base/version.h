// common/base/version.h: the version of the suite.
#ifndef CLV_COMMON_BASE_VERSION_H_
#define CLV_COMMON_BASE_VERSION_H_

namespace clv {

// The version of the build, for example "0.1.0".
const char* Version();

}  // namespace clv

#endif  // CLV_COMMON_BASE_VERSION_H_
