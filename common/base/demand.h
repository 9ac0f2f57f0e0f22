// common/base/demand.h: whether somebody waits for what others may put off.
#ifndef CLV_COMMON_BASE_DEMAND_H_
#define CLV_COMMON_BASE_DEMAND_H_

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace clv {

// Who waits holds it; who works in lots may let one grow as long as nobody does. Thread-safe.
class Demand {
 public:
  // Somebody waits as long as this lives. Nobody, where there is no demand to hold.
  class Hold {
   public:
    explicit Hold(Demand* demand) : demand_(demand) {
      if (demand_ != nullptr) demand_->Change(1);
    }
    ~Hold() {
      if (demand_ != nullptr) demand_->Change(-1);
    }

    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    Demand* const demand_;
  };

  // Lets `time` pass, or less when somebody waits. Returns whether somebody does.
  bool Await(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return held_.wait_for(lock, time, [this] { return holds_ > 0; });
  }

 private:
  void Change(int holds) {
    {
      std::lock_guard lock(mutex_);
      holds_ += holds;
    }
    if (holds > 0) held_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable held_;
  int holds_ = 0;  // guarded by mutex_
};

}  // namespace clv

#endif  // CLV_COMMON_BASE_DEMAND_H_
