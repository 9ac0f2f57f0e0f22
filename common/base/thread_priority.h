// common/base/thread_priority.h: who goes first when processors are scarce.
#ifndef CLV_COMMON_BASE_THREAD_PRIORITY_H_
#define CLV_COMMON_BASE_THREAD_PRIORITY_H_

namespace clv {

// Puts the calling thread, and those that it starts from now on, behind the others of all programs
// for good: they get about a tenth of a processor that both want. For work that nobody waits for
// as such. Where the system refuses, nothing changes.
void GiveWay();

// Behind those who give way, too, and at once when one of the others wakes: it gets what nobody
// wants. For work that only has to be done some time. Who holds what others wait for must not be of
// them.
void GiveWayToAll();

}  // namespace clv

#endif  // CLV_COMMON_BASE_THREAD_PRIORITY_H_
