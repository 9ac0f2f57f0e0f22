// common/base/thread_priority.h: who goes first when processors are scarce.
#ifndef CLV_COMMON_BASE_THREAD_PRIORITY_H_
#define CLV_COMMON_BASE_THREAD_PRIORITY_H_

namespace clv {

// Puts the calling thread, and those that it starts from now on, behind the others of all programs
// for good: they get about a tenth of a processor that both want. For work that nobody waits for
// as such. Where the system refuses, nothing changes.
void GiveWay();

}  // namespace clv

#endif  // CLV_COMMON_BASE_THREAD_PRIORITY_H_
