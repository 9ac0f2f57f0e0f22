// services/gateway/http_session.h: one connection of the HTTP server, and what the connections of a
// server share.
//
// Internal to http_server.cc. Everything of a session happens on its event loop's one thread,
// except where said.
#ifndef CLV_SERVICES_GATEWAY_HTTP_SESSION_H_
#define CLV_SERVICES_GATEWAY_HTTP_SESSION_H_

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "services/gateway/http_request_parser.h"
#include "services/gateway/http_server.h"
#include "services/gateway/http_types.h"

namespace clv::gateway {

class HttpSession;

// Shared by all connections of a server. Thread-safe.
class HttpServerState {
 public:
  HttpServerState(HttpServerOptions options, HttpServer::Callbacks callbacks)
      : options(std::move(options)), callbacks(std::move(callbacks)) {}

  // Counts a new connection in, unless there are max_connections already.
  bool TryOpen();

  // Counts a connection out.
  void Closed();

  // Waits until no connection is left; false: `deadline` came first.
  bool WaitUntilEmpty(std::chrono::steady_clock::time_point deadline);

  HttpServer::Traffic traffic() const;

  const HttpServerOptions options;
  const HttpServer::Callbacks callbacks;
  std::atomic<bool> draining = false;
  std::atomic<uint64_t> received_bytes = 0;
  std::atomic<uint64_t> sent_bytes = 0;

 private:
  mutable std::mutex mutex_;
  std::condition_variable empty_;
  int connections_ = 0;   // guarded by mutex_
  uint64_t refused_ = 0;  // the same
};

// One thread's event loop with its connections. `io` is thread-safe, the rest belongs to the thread
// that runs it.
struct HttpEventLoop {
  boost::asio::io_context io{1};
  boost::asio::steady_timer sweep{io};
  std::unordered_set<std::shared_ptr<HttpSession>> sessions;
  std::string date;  // of the last sweep, as the `date` header wants it
};

// The bytes of `response` up to its body. `keep_alive` and `http_version` (10 or 11) decide the
// `connection` header.
std::string SerializeHead(const HttpResponse& response, std::string_view date, bool keep_alive,
                          int http_version);

class HttpSession final : public std::enable_shared_from_this<HttpSession> {
 public:
  HttpSession(boost::asio::ip::tcp::socket socket, std::shared_ptr<HttpEventLoop> loop,
              std::shared_ptr<HttpServerState> server);

  // Registers with the loop and begins to read.
  void Start();

  // Acts on a deadline that has passed.
  void Sweep(std::chrono::steady_clock::time_point now);

  // Closes the connection if it is idle; otherwise it closes after its answer.
  void Drain();

  // Closes the connection; abandons its request. Idempotent.
  void Close();

 private:
  class Exchange;

  enum class Phase {
    kHead,       // waits for a request's head
    kBody,       // waits for its body
    kAnswering,  // waits for the handler
    kWriting,    // writes the answer
    kLingering,  // has said its last word; reads until the client closes, so that no reset destroys
                 // the answer
    kClosed,
  };

  void StartRead();
  void OnRead(const boost::system::error_code& error, size_t size);
  void OnPeerClosed();
  void ContinueHead();
  void BeginRequest(size_t head_size);
  void ContinueBody(std::string_view data);
  void WaitForBody();
  void Dispatch();
  void OnAnswer(const std::shared_ptr<Exchange>& exchange, HttpResponse response);
  void Fail(int status, std::string_view message);
  void FailParsing(const boost::system::error_code& error);
  void Write(HttpResponse response);
  void OnWritten(const boost::system::error_code& error);
  void NextRequest();
  void Linger();
  std::chrono::steady_clock::duration TransferTime(size_t bytes) const;

  boost::asio::ip::tcp::socket socket_;
  const std::shared_ptr<HttpEventLoop> loop_;
  const std::shared_ptr<HttpServerState> server_;

  Phase phase_ = Phase::kHead;
  std::chrono::steady_clock::time_point deadline_;
  bool reading_ = false;
  bool peer_closed_ = false;
  bool keep_alive_ = false;
  bool awaits_continue_ = false;
  int http_version_ = 11;

  std::vector<char> chunk_;  // where a read in flight puts its bytes
  std::string input_;        // read and not yet consumed
  std::optional<HttpRequestParser> parser_;
  std::shared_ptr<Exchange> exchange_;

  // Of the request under way.
  std::string method_;
  std::string target_;
  std::chrono::steady_clock::time_point began_;
  std::chrono::microseconds duration_{0};
  int status_ = 0;
  std::string head_out_;
  std::string body_out_;
};

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_HTTP_SESSION_H_
