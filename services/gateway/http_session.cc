#include "services/gateway/http_session.h"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/beast/http/error.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/gateway/http_head.h"
#include "services/gateway/http_response_head.h"
#include "services/gateway/request_id.h"

namespace clv::gateway {
namespace {

using Clock = std::chrono::steady_clock;
using ErrorCode = boost::system::error_code;

constexpr size_t kSmallReadBytes = 4 * 1024;
constexpr size_t kLargeReadBytes = 64 * 1024;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

// A client that still sends gets some time to find out that it is answered already.
constexpr std::chrono::seconds kLingerPause{2};
constexpr std::chrono::seconds kLingerTime{10};
constexpr std::chrono::seconds kDrainLingerTime{1};

}  // namespace

HttpSession::HttpSession(boost::asio::ip::tcp::socket socket, std::string peer,
                         std::shared_ptr<HttpEventLoop> loop,
                         std::shared_ptr<HttpServerState> server)
    : loop_(std::move(loop)),
      server_(std::move(server)),
      socket_(std::move(socket), server_->tls.get()),
      peer_(std::move(peer)) {}

void HttpSession::Start() {
  ErrorCode ignored;
  socket_.tcp().set_option(boost::asio::ip::tcp::no_delay(true), ignored);
  loop_->sessions.insert(shared_from_this());
  if (server_->closing) return Close();
  deadline_ = Clock::now() + server_->options.head_timeout;
  if (server_->draining) Drain();
  if (socket_.is_secure()) return Handshake();
  StartRead();
}

void HttpSession::Handshake() {
  phase_ = Phase::kHandshake;
  socket_.Handshake([self = shared_from_this()](const ErrorCode& failed) {
    if (self->phase_ == Phase::kClosed) return;
    if (failed) return self->Close();
    self->phase_ = Phase::kHead;
    self->StartRead();
  });
}

void HttpSession::StartRead() {
  if (reading_ || phase_ == Phase::kClosed || peer_closed_) return;
  reading_ = true;
  size_t size = kSmallReadBytes;
  if (StreamsBody()) {
    const size_t ahead = parser_->request().body.size();
    size = std::min(kLargeReadBytes, server_->options.max_piece_bytes - ahead);
  } else if (phase_ == Phase::kLingering ||
             (phase_ == Phase::kBody &&
              parser_->content_length_remaining().value_or(kLargeReadBytes) > kSmallReadBytes)) {
    size = kLargeReadBytes;
  }
  chunk_.resize(size);
  socket_.Read(boost::asio::buffer(chunk_),
               [self = shared_from_this()](const ErrorCode& error, size_t read) {
                 self->OnRead(error, read);
               });
}

void HttpSession::OnRead(const ErrorCode& error, size_t size) {
  reading_ = false;
  server_->received_bytes += size;
  if (phase_ == Phase::kClosed) return;
  if (error == boost::asio::error::eof) return OnPeerClosed();
  if (error) return Close();
  const std::string_view data(chunk_.data(), size);
  if (StreamsBody()) return ContinueStreaming(data);
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
      if (phase_ == Phase::kAnswering || keep_alive_) input_.append(data);
      if (input_.size() < server_->options.max_head_bytes) StartRead();
      return;
    case Phase::kLingering:
      deadline_ = std::min(linger_end_, Clock::now() + kLingerPause);
      return StartRead();
    case Phase::kHandshake:
    case Phase::kStreaming:
    case Phase::kClosed:
      return;
  }
}

void HttpSession::OnPeerClosed() {
  peer_closed_ = true;
  if (phase_ == Phase::kAnswering) {
    deadline_ = Clock::now() + server_->options.half_close_grace;
  } else if (phase_ != Phase::kWriting || body_flows_) {
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
  parser_.emplace();
  ErrorCode error;
  parser_->FeedHead(*head, error);
  if (error) return FailParsing(error);
  input_.erase(0, head_size);
  const HttpRequest& request = parser_->request();
  const HttpServer::Callbacks& callbacks = server_->callbacks;
  phase_ = Phase::kBody;
  http_version_ = parser_->http_version();
  keep_alive_ = parser_->keep_alive();
  method_ = request.method;
  target_ = request.target;
  if (callbacks.answer_headers) answer_headers_ = callbacks.answer_headers(request);
  request_id_ = EnsureRequestId(parser_->request());
  answer_headers_.push_back({kRequestIdHeader, request_id_});
  const bool in_pieces =
      !parser_->is_done() && callbacks.takes_pieces && callbacks.takes_pieces(request);
  if (!in_pieces && !parser_->LimitBody(server_->options.max_body_bytes)) {
    return FailParsing(boost::beast::http::error::body_limit);
  }
  if (const std::string* expect = FindHeader(request.headers, "expect")) {
    if (!EqualHeaderNames(*expect, "100-continue")) return Fail(417, "The expectation is unknown.");
    awaits_continue_ = http_version_ >= 11;
  }
  if (in_pieces) return BeginStreaming();
  ContinueBody("");
}

// Feeds what is left from before, then `data`. False: the body is malformed, which has been said.
bool HttpSession::FeedBody(std::string_view data) {
  ErrorCode error;
  if (!input_.empty()) {
    input_.append(data);
    input_.erase(0, parser_->Feed(input_, error));
  } else {
    input_.append(data.substr(parser_->Feed(data, error)));
  }
  if (error) {
    FailParsing(error);
    return false;
  }
  // What the parser leaves of a body is an unfinished chunk header.
  if (!parser_->is_done() && input_.size() > server_->options.max_head_bytes) {
    Fail(400, "A chunk header is too long.");
    return false;
  }
  if (!parser_->request().body.empty() || !input_.empty()) awaits_continue_ = false;
  return true;
}

void HttpSession::ContinueBody(std::string_view data) {
  if (!FeedBody(data)) return;
  if (parser_->is_done()) return Dispatch();
  if (peer_closed_) return Close();
  deadline_ = began_ + server_->options.transfer_grace + TimeFor(parser_->request().body.size());
  if (awaits_continue_) SayContinue();
  StartRead();
}

void HttpSession::Dispatch() {
  phase_ = Phase::kAnswering;
  deadline_ = Clock::time_point::max();
  awaits_continue_ = false;
  exchange_ =
      std::make_shared<HttpSessionExchange>(shared_from_this(), loop_->io, parser_->TakeRequest());
  if (peer_closed_) {
    OnPeerClosed();
  } else if (input_.size() < server_->options.max_head_bytes) {
    // Reading on is how a client's leaving is noticed.
    StartRead();
  }
  server_->callbacks.handle(exchange_);
}

void HttpSession::BeginStreaming() {
  phase_ = Phase::kStreaming;
  deadline_ = Clock::time_point::max();
  body_deadline_ = Clock::time_point::max();
  body_time_ = server_->options.transfer_grace;
  exchange_ =
      std::make_shared<HttpSessionExchange>(shared_from_this(), loop_->io, parser_->TakeRequest());
  const std::shared_ptr<HttpSessionExchange> exchange = exchange_;
  ContinueStreaming("");
  if (exchange_ == exchange) server_->callbacks.handle(exchange);
}

bool HttpSession::StreamsBody() const { return phase_ == Phase::kStreaming || body_flows_; }

void HttpSession::ContinueStreaming(std::string_view data) {
  const size_t before = parser_->request().body.size();
  if (!FeedBody(data)) return;
  if (body_deadline_ != Clock::time_point::max()) body_time_ = body_deadline_ - Clock::now();
  body_time_ =
      std::min<Clock::duration>(body_time_ + TimeFor(parser_->request().body.size() - before),
                                server_->options.max_body_pause);
  body_deadline_ = Clock::time_point::max();
  if (parser_->is_done()) {
    if (phase_ == Phase::kStreaming) phase_ = Phase::kAnswering;
    body_flows_ = false;
    if (peer_closed_) OnPeerClosed();
    HandOn();
    if (input_.size() < server_->options.max_head_bytes) StartRead();
  } else if (peer_closed_) {
    Close();
  } else {
    HandOn();
    ReadAhead();
  }
}

// The client's time runs only while its body is read, and not while it waits for our word.
void HttpSession::ReadAhead() {
  if (!StreamsBody()) return;
  if (parser_->request().body.size() >= server_->options.max_piece_bytes) return;
  if (!awaits_continue_ && body_deadline_ == Clock::time_point::max()) {
    body_deadline_ = Clock::now() + body_time_;
  }
  StartRead();
}

void HttpSession::OnBodyWanted(const HttpSessionExchange& exchange,
                               std::function<void(BodyPiece)> on_piece) {
  if (exchange_.get() != &exchange) return;
  on_piece_ = std::move(on_piece);
  if (awaits_continue_) SayContinue();
  HandOn();
  ReadAhead();
}

void HttpSession::HandOn() {
  if (!on_piece_) return;
  BodyPiece piece;
  piece.bytes = parser_->TakeBody(server_->options.max_piece_bytes);
  piece.last = parser_->is_done() && parser_->request().body.empty();
  if (piece.bytes.empty() && !piece.last) return;
  std::exchange(on_piece_, nullptr)(std::move(piece));
}

void HttpSession::OnAnswer(const HttpSessionExchange& exchange, HttpResponse response) {
  if (exchange_.get() != &exchange) return;
  exchange_.reset();
  if (phase_ == Phase::kStreaming) keep_alive_ = false;
  Write(std::move(response));
}

void HttpSession::SayContinue() {
  awaits_continue_ = false;
  saying_continue_ = true;
  socket_.Write(boost::asio::buffer(kContinue),
                [self = shared_from_this()](const ErrorCode& failed, size_t) {
                  self->saying_continue_ = false;
                  if (failed) return self->Close();
                  if (self->phase_ == Phase::kWriting) self->StartWrite();
                });
}

void HttpSession::Fail(int status, std::string_view message) {
  keep_alive_ = false;
  if (phase_ == Phase::kHead) {
    method_ = parser_.has_value() ? parser_->request().method : "";
    target_ = parser_.has_value() ? parser_->request().target : TargetOf(input_);
  }
  // An answer that has begun cannot tell.
  if (phase_ == Phase::kWriting) return Close();
  if (exchange_ != nullptr) std::exchange(exchange_, nullptr)->Abandon();
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
  piece_source_ = nullptr;
  BeginAnswer(std::move(response), /*in_pieces=*/false);
}

void HttpSession::BeginAnswer(HttpResponse response, bool in_pieces) {
  body_flows_ = in_pieces && phase_ == Phase::kStreaming;
  phase_ = Phase::kWriting;
  keep_alive_ = keep_alive_ && !server_->draining && !body_flows_;
  if (!in_pieces) on_piece_ = nullptr;
  if (!body_flows_) body_deadline_ = Clock::time_point::max();
  if (!keep_alive_ && !body_flows_) input_.clear();
  status_ = response.status;
  const auto now = Clock::now();
  duration_ = std::chrono::duration_cast<std::chrono::microseconds>(now - began_);
  response.headers.insert(response.headers.end(), std::make_move_iterator(answer_headers_.begin()),
                          std::make_move_iterator(answer_headers_.end()));
  head_out_ = SerializeHead(response, loop_->date, keep_alive_, http_version_, in_pieces);
  body_out_.clear();
  if (method_ != "HEAD" && !HasNoBody(response.status)) body_out_ = std::move(response.body);
  deadline_ = now + server_->options.transfer_grace + TimeFor(body_out_.size());
  if (!saying_continue_) StartWrite();
  // A body that nobody wants any more must not keep its client from reading.
  if (!keep_alive_ && !body_flows_) StartRead();
}

void HttpSession::StartWrite() {
  const std::array<boost::asio::const_buffer, 2> buffers = {boost::asio::buffer(head_out_),
                                                            boost::asio::buffer(body_out_)};
  socket_.Write(buffers, [self = shared_from_this()](const ErrorCode& error, size_t size) {
    self->server_->sent_bytes += size;
    self->OnWritten(error);
  });
}

void HttpSession::OnWritten(const ErrorCode& error) {
  if (piece_source_ && !error && phase_ != Phase::kClosed) return AskForPiece();
  TellOfAnswer();
  if (phase_ == Phase::kClosed) return;
  if (error) return Close();
  body_out_ = std::string();
  if (!keep_alive_) return Linger();
  NextRequest();
}

void HttpSession::TellOfAnswer() const {
  if (!server_->callbacks.on_answered) return;
  server_->callbacks.on_answered({method_, target_, status_, duration_, request_id_, peer_});
}

void HttpSession::NextRequest() {
  phase_ = Phase::kHead;
  parser_.reset();
  answer_headers_.clear();
  if (!reading_ && chunk_.size() > kSmallReadBytes) chunk_ = std::vector<char>();
  began_ = Clock::now();
  deadline_ =
      began_ + (input_.empty() ? server_->options.idle_timeout : server_->options.head_timeout);
  if (input_.empty() && peer_closed_) return Close();
  // Its last answer has promised that the connection stays.
  if (server_->draining) Drain();
  ContinueHead();
}

void HttpSession::Linger() {
  if (peer_closed_) return Close();
  phase_ = Phase::kLingering;
  body_flows_ = false;
  body_deadline_ = Clock::time_point::max();
  on_piece_ = nullptr;
  parser_.reset();
  linger_end_ = Clock::now() + kLingerTime;
  deadline_ = Clock::now() + kLingerPause;
  if (server_->draining) Drain();
  socket_.EndSending([self = shared_from_this()](const ErrorCode& /*error*/) { self->Close(); });
  if (!socket_.is_secure()) StartRead();
}

void HttpSession::Sweep(Clock::time_point now) {
  if (exchange_ != nullptr && !reading_ && socket_.HasReset()) return Close();
  if (now < std::min(deadline_, body_deadline_)) return;
  if (phase_ == Phase::kHead && !input_.empty())
    return Fail(408, "The request's head came too slowly.");
  if (phase_ == Phase::kBody || phase_ == Phase::kStreaming)
    return Fail(408, "The request's body came too slowly.");
  Close();
}

void HttpSession::Drain() {
  const auto now = Clock::now();
  if (phase_ == Phase::kHandshake || (phase_ == Phase::kHead && input_.empty())) {
    deadline_ = std::min<Clock::time_point>(deadline_, now + server_->options.drain_idle_timeout);
  } else if (phase_ == Phase::kLingering) {
    linger_end_ = std::min<Clock::time_point>(linger_end_, now + kDrainLingerTime);
    deadline_ = std::min(deadline_, linger_end_);
  }
}

void HttpSession::Close() {
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kClosed;
  socket_.Close();
  body_flows_ = false;
  on_piece_ = nullptr;
  piece_source_ = nullptr;
  if (exchange_ != nullptr) std::exchange(exchange_, nullptr)->Abandon();
  // Last, because it may drop the last reference but the caller's.
  const std::shared_ptr<HttpSession> self = shared_from_this();
  loop_->sessions.erase(self);
  server_->Closed(peer_);
}

Clock::duration HttpSession::TimeFor(size_t bytes) const {
  const auto seconds =
      static_cast<double>(bytes) / static_cast<double>(server_->options.min_bytes_per_second);
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

}  // namespace clv::gateway
