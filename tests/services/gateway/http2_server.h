// tests/services/gateway/http2_server.h: an HTTP/2 server that does as a script says.
#ifndef CLV_TESTS_SERVICES_GATEWAY_HTTP2_SERVER_H_
#define CLV_TESTS_SERVICES_GATEWAY_HTTP2_SERVER_H_

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "services/gateway/http_types.h"

namespace clv::gateway::testing {

// A request as it came.
struct Http2Request {
  int connection = 0;  // the first is 1
  int32_t stream_id = 0;
  HttpHeaders fields;  // with the pseudo-header fields
  std::string body;
};

struct Http2Answer {
  std::vector<HttpHeaders> heads;  // blocks in front of the data; those but the last only inform
  std::string data;
  HttpHeaders trailers;  // without: the answer ends with the data
};

// The server's side of one connection. Only for scripts.
class Http2Peer {
 public:
  virtual ~Http2Peer() = default;

  virtual int number() const = 0;  // of the connection; the first is 1
  virtual void Answer(int32_t stream_id, Http2Answer answer) = 0;
  virtual void Reset(int32_t stream_id, uint32_t error_code) = 0;
  // Takes no more requests, and refuses those after `last_stream_id`.
  virtual void GoAway(int32_t last_stream_id) = 0;
  // At once, whatever is under way.
  virtual void Close() = 0;
};

// Serves on a thread of its own at a port of 127.0.0.1.
class Http2Server {
 public:
  // Runs on the server's thread for every request. A request that it does nothing about stays
  // unanswered.
  using Script = std::function<void(Http2Peer&, const Http2Request&)>;

  struct Options {
    bool listens = true;                     // at once; else connections are refused until Listen
    bool reads_bodies = true;                // else the script runs when the head is there, and the
                                             // client gets no window for what follows
    uint32_t max_concurrent_streams = 1000;  // of one connection
  };

  struct Reset {
    int connection = 0;
    int32_t stream_id = 0;
    uint32_t error_code = 0;
  };

  // What has happened until now.
  struct Record {
    int connections = 0;
    int closed_connections = 0;  // by either side
    std::vector<Http2Request> requests;
    std::vector<Reset> resets;  // that clients have sent
  };

  explicit Http2Server(Script script) : Http2Server(std::move(script), Options()) {}
  Http2Server(Script script, Options options);
  ~Http2Server();  // closes all connections

  Http2Server(const Http2Server&) = delete;
  Http2Server& operator=(const Http2Server&) = delete;

  uint16_t port() const { return port_; }

  // Once, where it does not listen yet.
  void Listen();

  // Closes those that there are, soon.
  void CloseConnections();

  // What `look` makes of the record.
  template <typename Look>
  auto See(const Look& look) const {
    const std::lock_guard lock(mutex_);
    return look(record_);
  }

 private:
  class Connection;

  void Accept();

  const Script script_;
  const Options options_;
  mutable std::mutex mutex_;
  Record record_;  // guarded by mutex_
  boost::asio::io_context io_;
  boost::asio::ip::tcp::acceptor acceptor_;
  uint16_t port_ = 0;
  std::vector<std::shared_ptr<Connection>> connections_;
  std::thread thread_;
};

}  // namespace clv::gateway::testing

#endif  // CLV_TESTS_SERVICES_GATEWAY_HTTP2_SERVER_H_
