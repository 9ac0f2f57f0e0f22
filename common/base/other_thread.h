// common/base/other_thread.h: a thread that does what another one asks it to, while that one waits.
#ifndef CLV_COMMON_BASE_OTHER_THREAD_H_
#define CLV_COMMON_BASE_OTHER_THREAD_H_

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

namespace clv {

// Has the priority of the thread that made it, whatever that of those who call is. Thread-safe;
// calls take turns.
class OtherThread {
 public:
  OtherThread() : thread_([this] { Work(); }) {}
  ~OtherThread() {
    {
      std::lock_guard lock(mutex_);
      is_ending_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  OtherThread(const OtherThread&) = delete;
  OtherThread& operator=(const OtherThread&) = delete;

  // Returns when `task` has been done.
  void Run(std::function<void()> task) {
    std::lock_guard turn(turn_);
    std::unique_lock lock(mutex_);
    task_ = std::move(task);
    changed_.notify_all();
    changed_.wait(lock, [this] { return task_ == nullptr; });
  }

 private:
  void Work() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return is_ending_ || task_ != nullptr; });
      if (task_ == nullptr) return;
      lock.unlock();
      task_();
      lock.lock();
      task_ = nullptr;
      changed_.notify_all();
    }
  }

  std::mutex turn_;  // of who calls
  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void()> task_;  // guarded by mutex_, but for its call; null: none
  bool is_ending_ = false;      // likewise
  std::thread thread_;
};

}  // namespace clv

#endif  // CLV_COMMON_BASE_OTHER_THREAD_H_
