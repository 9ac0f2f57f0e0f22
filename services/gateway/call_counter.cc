#include "services/gateway/call_counter.h"

namespace clv::gateway {

void CallCounter::Begin() {
  const std::lock_guard lock(mutex_);
  ++calls_;
}

void CallCounter::End() {
  const std::lock_guard lock(mutex_);
  if (--calls_ == 0) none_.notify_all();
}

void CallCounter::WaitUntilNone() {
  std::unique_lock lock(mutex_);
  none_.wait(lock, [this] { return calls_ == 0; });
}

int CallCounter::count() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

}  // namespace clv::gateway
