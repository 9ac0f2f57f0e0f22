#include "services/ingest/idle_watch.h"

#include <utility>

namespace clv::ingest {

IdleWatch::IdleWatch(std::chrono::milliseconds timeout)
    : timeout_(timeout), thread_([this] { Work(); }) {}

IdleWatch::~IdleWatch() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

IdleWatch::Timer IdleWatch::Start(std::function<void()> expired) {
  std::lock_guard lock(mutex_);
  timers_[++last_timer_] = {std::chrono::steady_clock::now() + timeout_, std::move(expired)};
  // The thread sleeps until the first timer's end; a later one does not change that.
  if (timers_.size() == 1) wake_.notify_one();
  return last_timer_;
}

void IdleWatch::Stop(Timer timer) {
  std::unique_lock lock(mutex_);
  timers_.erase(timer);
  if (std::this_thread::get_id() == thread_.get_id()) return;
  idle_.wait(lock, [&] { return expiring_ != timer || timer == 0; });
}

void IdleWatch::Work() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    if (timers_.empty()) {
      wake_.wait(lock);
      continue;
    }
    const auto first = timers_.begin();
    if (first->second.end > std::chrono::steady_clock::now()) {
      const auto end = first->second.end;
      wake_.wait_until(lock, end);
      continue;
    }
    const std::function<void()> expired = std::move(first->second.expired);
    expiring_ = first->first;
    timers_.erase(first);
    lock.unlock();
    expired();
    lock.lock();
    expiring_ = 0;
    idle_.notify_all();
  }
}

}  // namespace clv::ingest
