// common/base/broadcast.h: wakes every waiter when something has happened.
#ifndef CLV_COMMON_BASE_BROADCAST_H_
#define CLV_COMMON_BASE_BROADCAST_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace clv {

// A counter that waiters watch. A waiter reads the count, checks its condition, and waits for the
// count to move, so that no wake-up is lost. Thread-safe.
class Broadcast {
 public:
  // The present count.
  uint64_t count() const {
    std::lock_guard lock(mutex_);
    return count_;
  }

  // Moves the count and wakes everyone.
  void Notify() {
    {
      std::lock_guard lock(mutex_);
      ++count_;
    }
    moved_.notify_all();
  }

  // Waits until the count differs from `seen` or `timeout` is over; returns whether it moved.
  bool WaitBeyond(uint64_t seen, std::chrono::milliseconds timeout) const {
    std::unique_lock lock(mutex_);
    return moved_.wait_for(lock, timeout, [&] { return count_ != seen; });
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable moved_;
  uint64_t count_ = 0;
};

}  // namespace clv

#endif  // CLV_COMMON_BASE_BROADCAST_H_
