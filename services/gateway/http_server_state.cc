#include "services/gateway/http_server_state.h"

namespace clv::gateway {

bool HttpServerState::TryOpen() {
  const std::lock_guard lock(mutex_);
  if (connections_ >= options.max_connections) {
    ++refused_;
    return false;
  }
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

HttpServer::Traffic HttpServerState::traffic() const {
  const std::lock_guard lock(mutex_);
  return {.open_connections = connections_,
          .refused_connections = refused_,
          .received_bytes = received_bytes,
          .sent_bytes = sent_bytes};
}

}  // namespace clv::gateway
