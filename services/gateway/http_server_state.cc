#include "services/gateway/http_server_state.h"

namespace clv::gateway {

bool HttpServerState::TryOpen(const std::string& peer) {
  const std::lock_guard lock(mutex_);
  int& from_peer = from_[peer];
  if (connections_ >= options.max_connections ||
      (options.max_connections_per_address > 0 &&
       from_peer >= options.max_connections_per_address)) {
    if (from_peer == 0) from_.erase(peer);
    ++refused_;
    return false;
  }
  ++from_peer;
  ++connections_;
  return true;
}

void HttpServerState::Closed(const std::string& peer) {
  const std::lock_guard lock(mutex_);
  const auto from_peer = from_.find(peer);
  if (from_peer != from_.end() && --from_peer->second == 0) from_.erase(from_peer);
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
