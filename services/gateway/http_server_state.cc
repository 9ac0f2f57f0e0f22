#include "services/gateway/http_server_state.h"

namespace clv::gateway {

bool HttpServerState::TryOpen() {
  const std::lock_guard lock(mutex_);
  if (connections_ >= options.max_connections) return false;
  ++connections_;
  return true;
}

void HttpServerState::Closed() {
  const std::lock_guard lock(mutex_);
  if (--connections_ == 0) empty_.notify_all();
}

bool HttpServerState::WaitUntilEmpty(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  return empty_.wait_until(lock, deadline, [this] { return connections_ == 0; });
}

}  // namespace clv::gateway
