// common/storage/visibility_waiter.h: one thread that waits for the fold on behalf of all calls.
#ifndef CLV_COMMON_STORAGE_VISIBILITY_WAITER_H_
#define CLV_COMMON_STORAGE_VISIBILITY_WAITER_H_

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "common/storage/storage.h"

namespace clv::storage {

// The longest that a call waits until rows are visible.
inline constexpr std::chrono::seconds kMaxVisibilityWait{10};

// When a call with this deadline is to be answered if what it waits for has not come: a little
// before the deadline, so that the answer still arrives, and at most kMaxVisibilityWait from now.
std::chrono::steady_clock::time_point EndOfWait(std::chrono::steady_clock::time_point deadline);

// Tells calls when rows, their own or those that a question wants, are visible to queries.
// Thread-safe.
class VisibilityWaiter {
 public:
  // Receives whether the position was folded in time. Runs on the waiting thread: it must not
  // block.
  using Done = std::function<void(bool visible)>;

  // `progress` must outlive the waiter; null: nothing ever becomes visible.
  explicit VisibilityWaiter(FoldProgress* progress);

  // Tells everybody who still waits that his rows are not visible.
  ~VisibilityWaiter();

  VisibilityWaiter(const VisibilityWaiter&) = delete;
  VisibilityWaiter& operator=(const VisibilityWaiter&) = delete;

  // Calls `done` exactly once: when `position` is folded, or at `until` (within some 20 ms).
  void Wait(LogPosition position, std::chrono::steady_clock::time_point until, Done done);

 private:
  struct Waiting {
    LogPosition position = 0;
    std::chrono::steady_clock::time_point until;
    Done done;
  };

  void Work();
  // Answers those whose position is folded or whose time is over.
  void AnswerReady(LogPosition folded, std::chrono::steady_clock::time_point now);

  FoldProgress* const progress_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Waiting> waiting_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_VISIBILITY_WAITER_H_
