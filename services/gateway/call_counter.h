// services/gateway/call_counter.h: counts the calls under way.
#ifndef CLV_SERVICES_GATEWAY_CALL_COUNTER_H_
#define CLV_SERVICES_GATEWAY_CALL_COUNTER_H_

#include <condition_variable>
#include <mutex>

namespace clv::gateway {

// Bounds the calls under way, and lets shutting down wait until none is left. Thread-safe.
class CallCounter {
 public:
  // One call. It is there until destroyed, under way from Begin until End. Whoever holds what a
  // channel must outlive (a client context holds its channel) declares the ticket in front of it.
  class Ticket {
   public:
    explicit Ticket(CallCounter& counter);  // `counter` outlives it
    Ticket(Ticket&& other) noexcept;
    Ticket& operator=(Ticket&&) = delete;
    ~Ticket();

    void Begin();
    // Before the client is answered, who may call again at once. Idempotent.
    void End();

   private:
    CallCounter* counter_;  // null: moved from
    bool under_way_ = false;
  };

  // Those under way.
  int count() const;

  // Waits until there are no tickets.
  void WaitUntilNone();

 private:
  mutable std::mutex mutex_;
  std::condition_variable none_;
  int under_way_ = 0;  // guarded by mutex_
  int tickets_ = 0;    // guarded by mutex_
};

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_CALL_COUNTER_H_
