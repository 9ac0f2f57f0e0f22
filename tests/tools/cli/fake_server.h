// tests/tools/cli/fake_server.h: an HTTP server on loopback that answers by a function, for tests
// of the client.
#ifndef CLV_TESTS_TOOLS_CLI_FAKE_SERVER_H_
#define CLV_TESTS_TOOLS_CLI_FAKE_SERVER_H_

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tools/cli/http_client.h"

namespace clv::cli {

// Serves each connection on a thread of its own. The handler runs on these threads.
class FakeServer {
 public:
  struct Request {
    std::string method, target, authorization, body;
  };
  struct Answer {
    int status = 200;
    std::string body = {};
    std::string retry_after = {};
    bool drop_connection = false;            // instead of an answer
    bool close_silently_afterwards = false;  // keep-alive is promised but not kept
  };
  using Handler = std::function<Answer(const Request&)>;

  explicit FakeServer(Handler handler) : handler_(std::move(handler)) {
    accepting_ = std::thread([this] { Accept(); });
  }

  ~FakeServer() {
    boost::system::error_code ignored;
    // A connection of our own wakes the blocking accept.
    stopping_ = true;
    Tcp::socket wake(io_);
    wake.connect(acceptor_.local_endpoint(), ignored);
    accepting_.join();
    for (const auto& socket : sockets_) {
      socket->shutdown(Tcp::socket::shutdown_both, ignored);
    }
    for (std::thread& thread : threads_) {
      thread.join();
    }
  }

  Server server() const {
    return {.url = {.host = "127.0.0.1",
                    .port = std::to_string(acceptor_.local_endpoint().port()),
                    .base_path = ""},
            .token = "secret"};
  }

  // Requests so far.
  std::vector<Request> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

  size_t connections() const {
    const std::lock_guard lock(mutex_);
    return sockets_.size();
  }

 private:
  using Tcp = boost::asio::ip::tcp;

  void Accept() {
    while (true) {
      auto socket = std::make_shared<Tcp::socket>(io_);
      acceptor_.accept(*socket);
      if (stopping_) {
        return;
      }
      const std::lock_guard lock(mutex_);
      sockets_.push_back(socket);
      threads_.emplace_back([this, socket] { Serve(*socket); });
    }
  }

  void Serve(Tcp::socket& socket) {
    namespace http = boost::beast::http;
    boost::beast::flat_buffer buffer;
    boost::system::error_code error;
    while (true) {
      http::request_parser<http::string_body> parser;
      parser.body_limit(size_t{100} << 20);
      http::read(socket, buffer, parser, error);
      if (error) {
        return;
      }
      const auto& message = parser.get();
      const Request request = {.method = std::string(message.method_string()),
                               .target = std::string(message.target()),
                               .authorization = std::string(message[http::field::authorization]),
                               .body = message.body()};
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
      }
      const Answer answer = handler_(request);
      if (answer.drop_connection) {
        socket.shutdown(Tcp::socket::shutdown_both, error);
        return;
      }
      http::response<http::string_body> response;
      response.version(11);
      response.result(static_cast<unsigned>(answer.status));
      if (!answer.retry_after.empty()) {
        response.set(http::field::retry_after, answer.retry_after);
      }
      response.body() = answer.body;
      response.prepare_payload();
      http::write(socket, response, error);
      if (error || answer.close_silently_afterwards) {
        socket.shutdown(Tcp::socket::shutdown_both, error);
        return;
      }
    }
  }

  Handler handler_;
  boost::asio::io_context io_;
  Tcp::acceptor acceptor_{io_, Tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)};
  std::atomic<bool> stopping_ = false;
  mutable std::mutex mutex_;
  std::vector<Request> requests_;
  std::list<std::shared_ptr<Tcp::socket>> sockets_;
  std::list<std::thread> threads_;
  std::thread accepting_;
};

}  // namespace clv::cli

#endif  // CLV_TESTS_TOOLS_CLI_FAKE_SERVER_H_
