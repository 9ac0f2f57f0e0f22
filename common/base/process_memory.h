// common/base/process_memory.h: how the process's heap is kept.
#ifndef CLV_COMMON_BASE_PROCESS_MEMORY_H_
#define CLV_COMMON_BASE_PROCESS_MEMORY_H_

namespace clv {

// Makes glibc's allocator keep up to 64 MiB of freed memory for the next batch instead of handing
// it back and faulting it in again, and use two arenas however many threads there are. Call it
// before the first thread is started. Does nothing with another C library.
void KeepFreedMemory();

}  // namespace clv

#endif  // CLV_COMMON_BASE_PROCESS_MEMORY_H_
