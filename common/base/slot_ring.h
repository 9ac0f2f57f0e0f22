// common/base/slot_ring.h: slots that go round between two threads.
#ifndef CLV_COMMON_BASE_SLOT_RING_H_
#define CLV_COMMON_BASE_SLOT_RING_H_

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <vector>

namespace clv {

// One thread fills slots, the other empties them in the same order; a slot keeps its memory from
// turn to turn. Who has to wait is woken for several slots at once: waking for each would change
// threads all the time. Each of the methods below is called by the one thread that is named.
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
    if (waiting() == slots_.size()) {
      filler_.wait(lock, [&] { return waiting() <= slots_.size() / 2 || has_ended_; });
    }
    return has_ended_ ? nullptr : &slots_[filled_ % slots_.size()];
  }
  // Filler: the slot that NextFree gave is filled.
  void PutFilled() {
    bool wakes = false;
    {
      std::lock_guard lock(mutex_);
      ++filled_;
      wakes = waiting() == least_to_wake();
    }
    if (wakes) emptier_.notify_one();
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
    if (waiting() == 0) {
      emptier_.wait(lock, [&] { return waiting() >= least_to_wake() || is_finished_; });
    }
    return waiting() > 0 ? &slots_[emptied_ % slots_.size()] : nullptr;
  }
  // Emptier: the slot that NextFilled gave may be filled again.
  void PutEmptied() {
    bool wakes = false;
    {
      std::lock_guard lock(mutex_);
      ++emptied_;
      wakes = waiting() == slots_.size() / 2;
    }
    if (wakes) filler_.notify_one();
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
  // Filled slots that are not emptied yet.
  size_t waiting() const { return filled_ - emptied_; }
  size_t least_to_wake() const { return (slots_.size() + 3) / 4; }

  std::mutex mutex_;
  std::condition_variable filler_;
  std::condition_variable emptier_;
  std::vector<Slot> slots_;
  size_t filled_ = 0;
  size_t emptied_ = 0;
  bool is_finished_ = false;
  bool has_ended_ = false;
};

}  // namespace clv

#endif  // CLV_COMMON_BASE_SLOT_RING_H_
