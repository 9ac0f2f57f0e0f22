// common/base/processors.h: where threads run.
#ifndef CLV_COMMON_BASE_PROCESSORS_H_
#define CLV_COMMON_BASE_PROCESSORS_H_

namespace clv {

// The one that the calling thread runs on; negative where the system does not tell.
int ThisProcessor();

// Keeps the calling thread off a processor for good, where it may run on others. For the second of
// two threads that are to run beside each other: where the other processors run threads that give
// way (thread_priority.h), Linux may leave both on one for tens of milliseconds.
void AvoidProcessor(int processor);

}  // namespace clv

#endif  // CLV_COMMON_BASE_PROCESSORS_H_
