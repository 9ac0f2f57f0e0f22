// services/ingest/idle_watch.h: ends streams whose client has fallen silent.
#ifndef CLV_SERVICES_INGEST_IDLE_WATCH_H_
#define CLV_SERVICES_INGEST_IDLE_WATCH_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

namespace clv::ingest {

// One timer for each stream that waits for its client, all on one thread. Thread-safe.
class IdleWatch {
 public:
  // Names a running timer; 0 is none.
  using Timer = uint64_t;

  explicit IdleWatch(std::chrono::milliseconds timeout);
  ~IdleWatch();

  IdleWatch(const IdleWatch&) = delete;
  IdleWatch& operator=(const IdleWatch&) = delete;

  // Calls `expired` after the timeout, on the watch's thread, unless Stop comes first. It must not
  // block.
  Timer Start(std::function<void()> expired);

  // When it returns, `expired` has either been run or never will be. Called by `expired` itself it
  // does nothing.
  void Stop(Timer timer);

 private:
  struct Entry {
    std::chrono::steady_clock::time_point end;
    std::function<void()> expired;
  };

  void Work();

  const std::chrono::milliseconds timeout_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::map<Timer, Entry>
      timers_;  // in the order of their ends, since the timeout is always the same
  Timer last_timer_ = 0;
  Timer expiring_ = 0;            // whose `expired` is being run
  std::condition_variable idle_;  // it is not any more
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_IDLE_WATCH_H_
