// services/gateway/http_server_state.h: what the connections of an HTTP server share.
//
// Internal to http_server.cc and http_session.cc.
#ifndef CLV_SERVICES_GATEWAY_HTTP_SERVER_STATE_H_
#define CLV_SERVICES_GATEWAY_HTTP_SERVER_STATE_H_

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "services/gateway/http_server.h"

namespace clv::gateway {

class HttpSession;

// Shared by all connections of a server. Thread-safe.
class HttpServerState {
 public:
  HttpServerState(HttpServerOptions options, HttpServer::Callbacks callbacks)
      : options(std::move(options)), callbacks(std::move(callbacks)) {}

  // Counts a new connection from `peer` in, unless there are too many already, in all or from
  // there.
  bool TryOpen(const std::string& peer);

  // Counts it out.
  void Closed(const std::string& peer);

  // Waits until no connection is left; false: `deadline` came first.
  bool WaitUntilEmpty(std::chrono::steady_clock::time_point deadline);

  HttpServer::Traffic traffic() const;

  const HttpServerOptions options;
  const HttpServer::Callbacks callbacks;
  std::shared_ptr<boost::asio::ssl::context> tls;  // null: plain; set before the first connection
  std::atomic<bool> draining = false;
  std::atomic<bool> closing = false;  // no connection is let in any more
  std::atomic<uint64_t> received_bytes = 0;
  std::atomic<uint64_t> sent_bytes = 0;

 private:
  mutable std::mutex mutex_;
  std::condition_variable empty_;
  int connections_ = 0;                        // guarded by mutex_
  std::unordered_map<std::string, int> from_;  // by peer; the same
  uint64_t refused_ = 0;                       // the same
};

// One thread's event loop with its connections. `io` is thread-safe, the rest belongs to the thread
// that runs it.
struct HttpEventLoop {
  boost::asio::io_context io{1};
  boost::asio::steady_timer sweep{io};
  std::unordered_set<std::shared_ptr<HttpSession>> sessions;
  std::string date;  // of the last sweep, as the `date` header wants it
};

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_HTTP_SERVER_STATE_H_
