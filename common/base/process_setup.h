// common/base/process_setup.h: settings of a whole process that make it faster.
#ifndef CLV_COMMON_BASE_PROCESS_SETUP_H_
#define CLV_COMMON_BASE_PROCESS_SETUP_H_

namespace clv {

// To be called by a program once, before its first thread is started.
//
// The heap: jemalloc with huge pages, which the kernel fills at once and not 4 KiB by 4 KiB, where
// it was built with jemalloc. Else glibc's allocator keeps up to 64 MiB of freed memory for the
// next batch instead of handing it back and faulting it in again, and uses two arenas however many
// threads there are.
//
// Locks: Debian's Abseil, which gRPC locks with, looks for deadlocks at every lock unless it is
// told not to.
void SetUpProcess();

}  // namespace clv

#endif  // CLV_COMMON_BASE_PROCESS_SETUP_H_
