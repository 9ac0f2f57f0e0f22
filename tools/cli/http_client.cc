#include "tools/cli/http_client.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace clv::cli {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::chrono::seconds kConnectTimeout{10};
constexpr size_t kPieceBytes = 64 << 10;

std::optional<std::chrono::seconds> ParseSeconds(std::string_view text) {
  int seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || seconds < 0) {
    return std::nullopt;
  }
  return std::chrono::seconds(seconds);
}

HttpResponse HeadOf(const http::response_header<>& answer) {
  HttpResponse response;
  response.status = static_cast<int>(answer.result_int());
  const auto retry_after = answer[http::field::retry_after];
  response.retry_after = ParseSeconds({retry_after.data(), retry_after.size()});
  response.folded_position = std::string(answer["x-clv-folded-position"]);
  return response;
}

http::request<http::string_body> MakeRequest(const Server& server, const HttpRequest& request) {
  http::request<http::string_body> message;
  message.version(11);
  message.method_string(request.method);
  message.target(server.url.base_path + request.target);
  message.set(http::field::host, server.url.Authority());
  message.set(http::field::user_agent, "clv");
  if (!server.token.empty()) {
    message.set(http::field::authorization, "Bearer " + server.token);
  }
  if (!request.content_type.empty()) {
    message.set(http::field::content_type, request.content_type);
  }
  message.body() = request.body;
  message.prepare_payload();
  return message;
}

}  // namespace

struct HttpClient::Connection {
  asio::io_context io;
  beast::tcp_stream stream{io};
  beast::flat_buffer buffer;
  bool used = false;

  // Runs the operation that was just started to its end.
  void RunOne() {
    io.restart();
    io.run();
  }

  error_code Connect(const ServerUrl& url) {
    error_code error;
    asio::ip::tcp::resolver resolver(io);
    const auto endpoints = resolver.resolve(url.host, url.port, error);
    if (error) {
      return error;
    }
    stream.expires_after(kConnectTimeout);
    stream.async_connect(endpoints, [&error](error_code result, const auto&) { error = result; });
    RunOne();
    if (!error) {
      error_code ignored;
      stream.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
    }
    return error;
  }

  // Runs a read that `start` starts.
  template <typename Start>
  error_code Read(std::chrono::seconds timeout, const Start& start) {
    error_code error;
    stream.expires_after(timeout);
    start([&error](error_code result, size_t) { error = result; });
    RunOne();
    return error;
  }

  struct Exchange {
    error_code error;
    bool answer_begun = false;
    bool keep_alive = false;
    HttpResponse response;
  };

  Exchange Send(const http::request<http::string_body>& message, std::chrono::seconds timeout) {
    Exchange exchange;
    stream.expires_after(timeout);
    http::async_write(stream, message,
                      [&exchange](error_code result, size_t) { exchange.error = result; });
    RunOne();
    // A server that refuses a request early answers and closes before it has read everything: look
    // for that answer.
    if (exchange.error && exchange.error == beast::error::timeout) {
      return exchange;
    }
    const error_code write_error = exchange.error;
    http::response_parser<http::string_body> parser;
    parser.body_limit(std::numeric_limits<uint64_t>::max());
    if (message.method() == http::verb::head) {
      parser.skip(true);
    }
    http::async_read(stream, buffer, parser,
                     [&exchange](error_code result, size_t) { exchange.error = result; });
    RunOne();
    exchange.answer_begun = parser.got_some();
    if (exchange.error) {
      exchange.error = write_error ? write_error : exchange.error;
      return exchange;
    }
    http::response<http::string_body> answer = parser.release();
    exchange.keep_alive = answer.keep_alive() && !write_error;
    exchange.response = HeadOf(answer);
    exchange.response.body = std::move(answer.body());
    return exchange;
  }
};

HttpClient::HttpClient(Server server) : server_(std::move(server)) {}
HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;

absl::StatusOr<HttpResponse> HttpClient::Receive(
    const HttpRequest& request, const std::function<absl::Status(std::string_view)>& sink) {
  connection_ = std::make_unique<Connection>();
  Connection& connection = *connection_;
  const auto failed = [&](error_code error) -> absl::Status {
    connection_.reset();
    if (error == beast::error::timeout) {
      return absl::DeadlineExceededError(absl::StrCat("no answer from ", server_.url.ToString(),
                                                      " within ", request.timeout.count(), " s"));
    }
    return absl::UnavailableError(
        absl::StrCat("lost the connection to ", server_.url.ToString(), ": ", error.message()));
  };
  if (const error_code error = connection.Connect(server_.url); error) {
    connection_.reset();
    return absl::UnavailableError(
        absl::StrCat("cannot connect to ", server_.url.ToString(), ": ", error.message()));
  }
  const auto message = MakeRequest(server_, request);
  http::response_parser<http::empty_body> head;
  head.body_limit(std::numeric_limits<uint64_t>::max());
  error_code error = connection.Read(
      request.timeout, [&](auto done) { http::async_write(connection.stream, message, done); });
  if (!error) {
    error = connection.Read(request.timeout, [&](auto done) {
      http::async_read_header(connection.stream, connection.buffer, head, done);
    });
  }
  if (error) return failed(error);
  HttpResponse response = HeadOf(head.get());
  if (!response.ok()) {
    http::response_parser<http::string_body> whole(std::move(head));
    error = connection.Read(request.timeout, [&](auto done) {
      http::async_read(connection.stream, connection.buffer, whole, done);
    });
    if (error) return failed(error);
    response.body = std::move(whole.get().body());
  } else {
    http::response_parser<http::buffer_body> pieces(std::move(head));
    std::string piece(kPieceBytes, '\0');
    while (!pieces.is_done()) {
      pieces.get().body().data = piece.data();
      pieces.get().body().size = piece.size();
      error = connection.Read(request.timeout, [&](auto done) {
        http::async_read(connection.stream, connection.buffer, pieces, done);
      });
      if (error && error != http::error::need_buffer) return failed(error);
      const size_t got = piece.size() - pieces.get().body().size;
      if (absl::Status taken = sink(std::string_view(piece).substr(0, got)); !taken.ok()) {
        connection_.reset();
        return taken;
      }
    }
  }
  connection_.reset();
  return response;
}

absl::StatusOr<HttpResponse> HttpClient::Send(const HttpRequest& request) {
  const auto message = MakeRequest(server_, request);
  while (true) {
    const bool reused = connection_ != nullptr;
    if (!reused) {
      connection_ = std::make_unique<Connection>();
      if (const error_code error = connection_->Connect(server_.url); error) {
        connection_.reset();
        return absl::UnavailableError(
            absl::StrCat("cannot connect to ", server_.url.ToString(), ": ", error.message()));
      }
    }
    Connection::Exchange exchange = connection_->Send(message, request.timeout);
    if (!exchange.error) {
      if (!exchange.keep_alive) {
        connection_.reset();
      }
      return std::move(exchange.response);
    }
    connection_.reset();
    if (exchange.error == beast::error::timeout) {
      return absl::DeadlineExceededError(absl::StrCat("no answer from ", server_.url.ToString(),
                                                      " within ", request.timeout.count(), " s"));
    }
    if (!reused || exchange.answer_begun) {
      return absl::UnavailableError(absl::StrCat("lost the connection to ", server_.url.ToString(),
                                                 ": ", exchange.error.message()));
    }
  }
}

}  // namespace clv::cli
