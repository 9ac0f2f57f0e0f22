#include "services/gateway/call_counter.h"

#include <utility>

namespace clv::gateway {

CallCounter::Ticket::Ticket(CallCounter& counter) : counter_(&counter) {
  const std::lock_guard lock(counter_->mutex_);
  ++counter_->tickets_;
}

CallCounter::Ticket::Ticket(Ticket&& other) noexcept
    : counter_(std::exchange(other.counter_, nullptr)),
      under_way_(std::exchange(other.under_way_, false)) {}

CallCounter::Ticket::~Ticket() {
  if (counter_ == nullptr) return;
  End();
  const std::lock_guard lock(counter_->mutex_);
  if (--counter_->tickets_ == 0) counter_->none_.notify_all();
}

void CallCounter::Ticket::Begin() {
  const std::lock_guard lock(counter_->mutex_);
  under_way_ = true;
  ++counter_->under_way_;
}

void CallCounter::Ticket::End() {
  const std::lock_guard lock(counter_->mutex_);
  if (std::exchange(under_way_, false)) --counter_->under_way_;
}

int CallCounter::count() const {
  const std::lock_guard lock(mutex_);
  return under_way_;
}

void CallCounter::WaitUntilNone() {
  std::unique_lock lock(mutex_);
  none_.wait(lock, [this] { return tickets_ == 0; });
}

}  // namespace clv::gateway
