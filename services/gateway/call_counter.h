// services/gateway/call_counter.h: counts the calls under way.
#ifndef CLV_SERVICES_GATEWAY_CALL_COUNTER_H_
#define CLV_SERVICES_GATEWAY_CALL_COUNTER_H_

#include <condition_variable>
#include <mutex>

namespace clv::gateway {

// Lets shutting down wait for the calls under way. Thread-safe.
class CallCounter {
 public:
  void Begin();
  void End();
  int count() const;
  void WaitUntilNone();

 private:
  mutable std::mutex mutex_;
  std::condition_variable none_;
  int calls_ = 0;  // guarded by mutex_
};

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_CALL_COUNTER_H_
