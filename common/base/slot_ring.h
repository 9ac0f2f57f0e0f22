// common/base/slot_ring.h: slots that go round between two threads.
#ifndef CLV_COMMON_BASE_SLOT_RING_H_
#define CLV_COMMON_BASE_SLOT_RING_H_

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <vector>

namespace clv {

// One thread fills slots, the other empties them in the same order; a slot keeps its memory from
// turn to turn. Each of the methods below is called by the one thread that is named.
template <typename Slot>
class SlotRing {
 public:
  explicit SlotRing(size_t slots) : slots_(slots) {}

  SlotRing(const SlotRing&) = delete;
  SlotRing& operator=(const SlotRing&) = delete;

  // Filler: the next slot to fill, which still holds what it held a turn ago; waits until there is
  // one. Null when the emptier has ended.
  Slot* NextFree() {
    std::unique_lock lock(mutex_);
    if (filled_ - emptied_ == slots_.size()) {
      // One for each slot would change threads all the time.
      wakes_filler_at_ = slots_.size() / 2;
      filler_.wait(lock, [&] { return filled_ - emptied_ <= wakes_filler_at_ || has_ended_; });
    }
    return has_ended_ ? nullptr : &slots_[filled_ % slots_.size()];
  }
  // Filler: the slot that NextFree gave is filled.
  void PutFilled() {
    std::lock_guard lock(mutex_);
    ++filled_;
    emptier_.notify_one();
  }
  // Filler: no more will come.
  void Finish() {
    std::lock_guard lock(mutex_);
    is_finished_ = true;
    emptier_.notify_one();
  }

  // Emptier: the next filled slot; waits until there is one. Null when no more will come.
  Slot* NextFilled() {
    std::unique_lock lock(mutex_);
    emptier_.wait(lock, [&] { return filled_ != emptied_ || is_finished_; });
    return filled_ != emptied_ ? &slots_[emptied_ % slots_.size()] : nullptr;
  }
  // Emptier: the slot that NextFilled gave may be filled again.
  void PutEmptied() {
    std::lock_guard lock(mutex_);
    ++emptied_;
    if (filled_ - emptied_ == wakes_filler_at_) filler_.notify_one();
  }
  // Emptier: takes no more.
  void End() {
    std::lock_guard lock(mutex_);
    has_ended_ = true;
    filler_.notify_one();
  }

  // With neither thread at work: the ring is as new, but for the memory of its slots.
  void Reset() {
    filled_ = 0;
    emptied_ = 0;
    is_finished_ = false;
    has_ended_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable filler_;
  std::condition_variable emptier_;
  std::vector<Slot> slots_;
  size_t filled_ = 0;
  size_t emptied_ = 0;
  size_t wakes_filler_at_ = 0;
  bool is_finished_ = false;
  bool has_ended_ = false;
};

}  // namespace clv

#endif  // CLV_COMMON_BASE_SLOT_RING_H_
