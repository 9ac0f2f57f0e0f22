#include "common/rpc/signal_waiter.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

#include <cerrno>

namespace clv::rpc {
namespace {

sigset_t Signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

}  // namespace

SignalWaiter::SignalWaiter() {
  const sigset_t signals = Signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

int SignalWaiter::Wait() {
  const sigset_t signals = Signals();
  int number = 0;
  while (sigwait(&signals, &number) != 0) {
  }
  return number;
}

std::optional<int> SignalWaiter::WaitFor(std::chrono::milliseconds timeout) {
  const sigset_t signals = Signals();
  const auto until = std::chrono::steady_clock::now() + timeout;
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(
        until - std::chrono::steady_clock::now());
    const int64_t nanos = left.count() > 0 ? left.count() : 0;
    const timespec wait = {static_cast<time_t>(nanos / 1'000'000'000),
                           static_cast<long>(nanos % 1'000'000'000)};
    const int number = sigtimedwait(&signals, nullptr, &wait);
    if (number > 0) return number;
    if (errno != EINTR)
      return std::nullopt;  // a debugger or SIGCONT interrupts without a signal of ours
  }
}

}  // namespace clv::rpc
