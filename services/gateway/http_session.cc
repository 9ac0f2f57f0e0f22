#include "services/gateway/http_session.h"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/status.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/gateway/http_head.h"

namespace clv::gateway {
namespace {

using Clock = std::chrono::steady_clock;
using ErrorCode = boost::system::error_code;

constexpr size_t kSmallReadBytes = 4 * 1024;
constexpr size_t kLargeReadBytes = 64 * 1024;
constexpr std::chrono::seconds kLingerTime{2};
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

bool HasNoBody(int status) { return status == 204 || status == 304; }

// A control character in a value would let a service write headers of its own.
void AppendHeader(std::string_view name, std::string_view value, std::string& out) {
  out.append(name).append(": ");
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    out.push_back((byte < 0x20 && c != '\t') || byte == 0x7F ? ' ' : c);
  }
  out.append("\r\n");
}

}  // namespace

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

bool HttpServerState::WaitUntilEmpty(Clock::time_point deadline) {
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

std::string SerializeHead(const HttpResponse& response, std::string_view date, bool keep_alive,
                          int http_version) {
  const auto reason = boost::beast::http::obsolete_reason(
      boost::beast::http::int_to_status(static_cast<unsigned>(response.status)));
  std::string out;
  out.reserve(512);
  absl::StrAppend(&out, "HTTP/1.1 ", response.status, " ",
                  absl::string_view(reason.data(), reason.size()), "\r\n");
  for (const HttpHeader& header : response.headers) AppendHeader(header.name, header.value, out);
  if (!date.empty()) AppendHeader("date", date, out);
  if (!HasNoBody(response.status))
    absl::StrAppend(&out, "content-length: ", response.body.size(), "\r\n");
  if (!keep_alive) out.append("connection: close\r\n");
  if (keep_alive && http_version == 10) out.append("connection: keep-alive\r\n");
  out.append("\r\n");
  return out;
}

// Settled by the first of: an answer, the client's leaving.
class HttpSession::Exchange final : public HttpExchange,
                                    public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(std::shared_ptr<HttpSession> session, HttpRequest request)
      : session_(std::move(session)), request_(std::move(request)) {}

  HttpRequest& request() override { return request_; }

  void Respond(HttpResponse response) override {
    std::function<void()> dropped;
    {
      const std::lock_guard lock(mutex_);
      if (settled_) return;
      settled_ = true;
      dropped = std::exchange(on_abandoned_, nullptr);
    }
    boost::asio::post(session_->loop_->io,
                      [self = shared_from_this(), response = std::move(response)]() mutable {
                        self->session_->OnAnswer(self, std::move(response));
                      });
  }

  void OnAbandoned(std::function<void()> callback) override {
    {
      const std::lock_guard lock(mutex_);
      if (!settled_) {
        on_abandoned_ = std::move(callback);
        return;
      }
      if (!abandoned_) return;
    }
    callback();
  }

  void Abandon() {
    std::function<void()> callback;
    {
      const std::lock_guard lock(mutex_);
      if (settled_) return;
      settled_ = true;
      abandoned_ = true;
      callback = std::exchange(on_abandoned_, nullptr);
    }
    if (callback) callback();
  }

 private:
  const std::shared_ptr<HttpSession> session_;
  HttpRequest request_;
  std::mutex mutex_;
  bool settled_ = false;                // guarded by mutex_
  bool abandoned_ = false;              // guarded by mutex_
  std::function<void()> on_abandoned_;  // guarded by mutex_
};

HttpSession::HttpSession(boost::asio::ip::tcp::socket socket, std::shared_ptr<HttpEventLoop> loop,
                         std::shared_ptr<HttpServerState> server)
    : socket_(std::move(socket)), loop_(std::move(loop)), server_(std::move(server)) {}

void HttpSession::Start() {
  ErrorCode ignored;
  socket_.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
  loop_->sessions.insert(shared_from_this());
  if (server_->draining) return Close();
  deadline_ = Clock::now() + server_->options.head_timeout;
  StartRead();
}

void HttpSession::StartRead() {
  if (reading_ || phase_ == Phase::kClosed || peer_closed_) return;
  reading_ = true;
  const bool large = phase_ == Phase::kBody && parser_->content_length_remaining().value_or(
                                                   kLargeReadBytes) > kSmallReadBytes;
  chunk_.resize(large ? kLargeReadBytes : kSmallReadBytes);
  socket_.async_read_some(boost::asio::buffer(chunk_),
                          [self = shared_from_this()](const ErrorCode& error, size_t size) {
                            self->OnRead(error, size);
                          });
}

void HttpSession::OnRead(const ErrorCode& error, size_t size) {
  reading_ = false;
  server_->received_bytes += size;
  if (phase_ == Phase::kClosed) return;
  if (error == boost::asio::error::eof) return OnPeerClosed();
  if (error) return Close();
  const std::string_view data(chunk_.data(), size);
  switch (phase_) {
    case Phase::kHead:
      if (input_.empty()) {
        began_ = Clock::now();
        deadline_ = began_ + server_->options.head_timeout;
      }
      input_.append(data);
      return ContinueHead();
    case Phase::kBody:
      return ContinueBody(data);
    case Phase::kAnswering:
    case Phase::kWriting:
      // Pipelined. Beyond one head's worth the client has to wait.
      input_.append(data);
      if (input_.size() < server_->options.max_head_bytes) StartRead();
      return;
    case Phase::kLingering:
      return StartRead();
    case Phase::kClosed:
      return;
  }
}

void HttpSession::OnPeerClosed() {
  peer_closed_ = true;
  if (phase_ == Phase::kAnswering) {
    deadline_ = Clock::now() + server_->options.half_close_grace;
  } else if (phase_ != Phase::kWriting) {
    Close();
  }
}

void HttpSession::ContinueHead() {
  // RFC 9112 section 2.2: empty lines in front of a request are skipped.
  input_.erase(0, std::min(input_.find_first_not_of("\r\n"), input_.size()));
  const size_t limit = server_->options.max_head_bytes;
  const absl::StatusOr<std::optional<size_t>> end = FindHeadEnd(input_);
  if (!end.ok()) return Fail(400, std::string(end.status().message()));
  if (end->value_or(input_.size()) > limit) {
    return Fail(431, absl::StrCat("The request's head is over ", limit, " bytes."));
  }
  if (end->has_value()) return BeginRequest(**end);
  if (peer_closed_) return Close();
  StartRead();
}

void HttpSession::BeginRequest(size_t head_size) {
  began_ = Clock::now();
  const absl::StatusOr<std::string> head =
      PrepareHead(std::string_view(input_).substr(0, head_size));
  if (!head.ok()) return Fail(400, std::string(head.status().message()));
  parser_.emplace(server_->options.max_body_bytes);
  ErrorCode error;
  parser_->Feed(*head, error);
  if (error) return FailParsing(error);
  input_.erase(0, head_size);
  http_version_ = parser_->http_version();
  phase_ = Phase::kBody;
  if (const std::string* expect = FindHeader(parser_->request().headers, "expect")) {
    if (!EqualHeaderNames(*expect, "100-continue")) return Fail(417, "The expectation is unknown.");
    awaits_continue_ = http_version_ >= 11;
  }
  ContinueBody("");
}

// Feeds what is left from before, then `data`.
void HttpSession::ContinueBody(std::string_view data) {
  ErrorCode error;
  if (!input_.empty()) {
    input_.append(data);
    input_.erase(0, parser_->Feed(input_, error));
  } else {
    input_.append(data.substr(parser_->Feed(data, error)));
  }
  if (error) return FailParsing(error);
  if (parser_->is_done()) return Dispatch();
  if (peer_closed_) return Close();
  // What the parser leaves is an unfinished chunk header.
  if (input_.size() > server_->options.max_head_bytes)
    return Fail(400, "A chunk header is too long.");
  WaitForBody();
}

void HttpSession::WaitForBody() {
  deadline_ = began_ + TransferTime(parser_->request().body.size());
  if (!std::exchange(awaits_continue_, false) || !parser_->request().body.empty() ||
      !input_.empty()) {
    return StartRead();
  }
  boost::asio::async_write(socket_, boost::asio::buffer(kContinue),
                           [self = shared_from_this()](const ErrorCode& failed, size_t) {
                             if (failed) return self->Close();
                             self->StartRead();
                           });
}

void HttpSession::Dispatch() {
  phase_ = Phase::kAnswering;
  deadline_ = Clock::time_point::max();
  keep_alive_ = parser_->keep_alive();
  awaits_continue_ = false;
  method_ = parser_->request().method;
  target_ = parser_->request().target;
  exchange_ = std::make_shared<Exchange>(shared_from_this(), std::move(parser_->request()));
  parser_.reset();
  if (peer_closed_) {
    OnPeerClosed();
  } else if (input_.size() < server_->options.max_head_bytes) {
    // Reading on is how a client's leaving is noticed.
    StartRead();
  }
  server_->callbacks.handle(exchange_);
}

void HttpSession::OnAnswer(const std::shared_ptr<Exchange>& exchange, HttpResponse response) {
  if (phase_ != Phase::kAnswering || exchange_ != exchange) return;
  exchange_.reset();
  Write(std::move(response));
}

void HttpSession::Fail(int status, std::string_view message) {
  keep_alive_ = false;
  if (parser_.has_value()) {
    method_ = parser_->request().method;
    target_ = parser_->request().target;
  } else {
    method_.clear();
    target_ = TargetOf(input_);
  }
  parser_.reset();
  input_.clear();
  Write(server_->callbacks.render_error(status, message, target_));
}

void HttpSession::FailParsing(const ErrorCode& error) {
  using HttpError = boost::beast::http::error;
  if (error == HttpError::body_limit) {
    return Fail(413, absl::StrCat("The request's body is over ", server_->options.max_body_bytes,
                                  " bytes."));
  }
  if (error == HttpError::bad_version) return Fail(505, "Only HTTP/1.0 and HTTP/1.1 are spoken.");
  Fail(400, absl::StrCat("The request is not HTTP: ", error.message(), "."));
}

void HttpSession::Write(HttpResponse response) {
  phase_ = Phase::kWriting;
  keep_alive_ = keep_alive_ && !server_->draining;
  status_ = response.status;
  const auto now = Clock::now();
  duration_ = std::chrono::duration_cast<std::chrono::microseconds>(now - began_);
  head_out_ = SerializeHead(response, loop_->date, keep_alive_, http_version_);
  body_out_.clear();
  if (method_ != "HEAD" && !HasNoBody(response.status)) body_out_ = std::move(response.body);
  deadline_ = now + TransferTime(body_out_.size());
  const std::array<boost::asio::const_buffer, 2> buffers = {boost::asio::buffer(head_out_),
                                                            boost::asio::buffer(body_out_)};
  boost::asio::async_write(socket_, buffers,
                           [self = shared_from_this()](const ErrorCode& error, size_t size) {
                             self->server_->sent_bytes += size;
                             self->OnWritten(error);
                           });
}

void HttpSession::OnWritten(const ErrorCode& error) {
  if (server_->callbacks.on_answered) {
    server_->callbacks.on_answered({method_, target_, status_, duration_});
  }
  if (phase_ == Phase::kClosed) return;
  if (error) return Close();
  body_out_ = std::string();
  if (!keep_alive_) return Linger();
  NextRequest();
}

void HttpSession::NextRequest() {
  phase_ = Phase::kHead;
  if (!reading_ && chunk_.size() > kSmallReadBytes) chunk_ = std::vector<char>();
  began_ = Clock::now();
  deadline_ =
      began_ + (input_.empty() ? server_->options.idle_timeout : server_->options.head_timeout);
  if (input_.empty() && (peer_closed_ || server_->draining)) return Close();
  ContinueHead();
}

void HttpSession::Linger() {
  if (peer_closed_) return Close();
  ErrorCode ignored;
  socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
  phase_ = Phase::kLingering;
  deadline_ = Clock::now() + kLingerTime;
  StartRead();
}

void HttpSession::Sweep(Clock::time_point now) {
  if (now < deadline_) return;
  if (phase_ == Phase::kHead && !input_.empty())
    return Fail(408, "The request's head came too slowly.");
  if (phase_ == Phase::kBody) return Fail(408, "The request's body came too slowly.");
  Close();
}

void HttpSession::Drain() {
  if (phase_ == Phase::kHead && input_.empty()) Close();
}

void HttpSession::Close() {
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kClosed;
  ErrorCode ignored;
  socket_.close(ignored);
  if (exchange_ != nullptr) std::exchange(exchange_, nullptr)->Abandon();
  // Last, because it may drop the last reference but the caller's.
  const std::shared_ptr<HttpSession> self = shared_from_this();
  loop_->sessions.erase(self);
  server_->Closed();
}

Clock::duration HttpSession::TransferTime(size_t bytes) const {
  const auto seconds =
      static_cast<double>(bytes) / static_cast<double>(server_->options.min_bytes_per_second);
  return server_->options.transfer_grace +
         std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

}  // namespace clv::gateway
