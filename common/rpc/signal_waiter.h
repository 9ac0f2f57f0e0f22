// common/rpc/signal_waiter.h: SIGTERM and SIGINT as something to wait for.
#ifndef CLV_COMMON_RPC_SIGNAL_WAITER_H_
#define CLV_COMMON_RPC_SIGNAL_WAITER_H_

#include <chrono>
#include <optional>

namespace clv::rpc {

// Blocks SIGTERM and SIGINT in the thread that makes it and in every thread started afterwards, so
// make it first in main(). From then on they arrive only here.
class SignalWaiter {
 public:
  SignalWaiter();

  SignalWaiter(const SignalWaiter&) = delete;
  SignalWaiter& operator=(const SignalWaiter&) = delete;

  // Waits for one of them and returns its number.
  int Wait();

  // The same for at most `timeout`; nothing when none came.
  std::optional<int> WaitFor(std::chrono::milliseconds timeout);
};

}  // namespace clv::rpc

#endif  // CLV_COMMON_RPC_SIGNAL_WAITER_H_
