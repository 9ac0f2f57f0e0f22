#include "services/gateway/unary_channel.h"

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/dispatch.hpp>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "services/gateway/unary_wire.h"

namespace clv::gateway {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;
using grpc::StatusCode;

grpc::Status NotReachable() {
  return {StatusCode::UNAVAILABLE, "The service is not reachable at the moment."};
}

grpc::Status TooLate() { return {StatusCode::DEADLINE_EXCEEDED, "Deadline Exceeded"}; }

bool IsPort(std::string_view text) {
  int number = 0;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }) &&
         absl::SimpleAtoi(absl::string_view(text.data(), text.size()), &number) && number <= 65'535;
}

}  // namespace

std::optional<HostPort> ParseHostPort(std::string_view address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = address.substr(0, colon);
  const std::string_view port = address.substr(colon + 1);
  if (!IsPort(port)) return std::nullopt;
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return std::nullopt;
  }
  for (const std::string_view scheme : {"", "dns", "unix", "unix-abstract", "vsock", "xds"}) {
    if (host == scheme) return std::nullopt;
  }
  return HostPort{std::string(host), std::string(port)};
}

// One call, which is its stream, too.
class UnaryChannel::Call final : public Http2Stream, public std::enable_shared_from_this<Call> {
 public:
  Call(std::weak_ptr<UnaryChannel> channel, uint64_t id, Clock::time_point deadline,
       HttpHeaders fields, std::string body, OnReply on_reply)
      : id(id),
        deadline(deadline),
        on_reply(std::move(on_reply)),
        channel_(std::move(channel)),
        fields_(std::move(fields)),
        body_(std::move(body)) {}

  const HttpHeaders& request_headers() const override { return fields_; }
  const std::string& request_body() const override { return body_; }
  void OnHeader(std::string_view name, std::string_view value) override {
    answer.OnField(name, value);
  }
  void OnHeadersEnd(bool ends_answer) override { answer.OnFieldsEnd(ends_answer); }
  void OnData(std::string_view bytes) override {
    if (!has_ended) answer.OnData(bytes);
  }
  void OnClosed(uint32_t error_code, bool lost) override {
    const auto channel = channel_.lock();
    if (channel != nullptr && !has_ended) {
      channel->OnStreamClosed(shared_from_this(), error_code, lost);
    }
  }

  const uint64_t id;
  const Clock::time_point deadline;
  OnReply on_reply;
  UnaryAnswer answer;
  std::shared_ptr<Http2Connection> connection;  // that it has been sent over
  int32_t stream_id = 0;
  bool has_ended = false;  // its reply is given, or it was given up
  bool was_refused = false;

 private:
  const std::weak_ptr<UnaryChannel> channel_;
  const HttpHeaders fields_;
  const std::string body_;
};

UnaryChannel::UnaryChannel(asio::io_context& io, Options options)
    : io_(io),
      options_(std::move(options)),
      resolver_(io),
      connect_timer_(io),
      deadline_timer_(io),
      next_pause_(options_.first_pause) {}

uint64_t UnaryChannel::Start(UnaryRequest request, OnReply on_reply) {
  const bool has_deadline = request.deadline != Clock::time_point::max();
  const auto timeout = has_deadline ? std::chrono::nanoseconds(request.deadline - Clock::now())
                                    : std::chrono::nanoseconds::max();
  const uint64_t id = ++last_call_id_;
  if (timeout <= std::chrono::nanoseconds::zero()) {
    on_reply({.status = TooLate()});
    return id;
  }
  const auto call = std::make_shared<Call>(
      weak_from_this(), id, request.deadline,
      RequestFields(request.path, options_.authority, timeout, std::move(request.metadata)),
      FrameMessage(request.message), std::move(on_reply));
  calls_.emplace(id, call);
  if (has_deadline) {
    deadlines_.emplace(request.deadline, id);
    Watch(request.deadline);
  }
  Send(call);
  return id;
}

void UnaryChannel::Send(const std::shared_ptr<Call>& call) {
  if (connection_ != nullptr && connection_->CanSubmit()) {
    call->stream_id = connection_->Submit(call);
    if (call->stream_id >= 0) {
      call->connection = connection_;
      return;
    }
  }
  if (!is_connecting_ && Clock::now() < pause_end_) return End(call, NotReachable());
  waiting_.push_back(call);
  if (!is_connecting_) Connect();
}

void UnaryChannel::Cancel(uint64_t call_id) {
  asio::dispatch(io_, [self = shared_from_this(), call_id] { self->GiveUp(call_id); });
}

void UnaryChannel::GiveUp(uint64_t call_id) {
  const auto found = calls_.find(call_id);
  if (found == calls_.end()) return;
  const std::shared_ptr<Call> call = found->second;
  call->on_reply = nullptr;
  End(call, grpc::Status::CANCELLED);
}

void UnaryChannel::Close() {
  const auto calls = std::move(calls_);
  calls_.clear();
  for (const auto& [id, call] : calls) {
    call->has_ended = true;
    call->on_reply = nullptr;
  }
  deadlines_.clear();
  waiting_.clear();
  resolver_.cancel();
  connect_timer_.cancel();
  deadline_timer_.cancel();
  // Those that take no more calls, too.
  for (const auto& [id, call] : calls) {
    if (call->connection != nullptr) std::exchange(call->connection, nullptr)->Close();
  }
  if (connection_ != nullptr) std::exchange(connection_, nullptr)->Close();
}

void UnaryChannel::Connect() {
  is_connecting_ = true;
  if (connection_ != nullptr) std::exchange(connection_, nullptr)->Retire();
  const auto socket = std::make_shared<tcp::socket>(io_);
  connect_timer_.expires_after(options_.connect_timeout);
  connect_timer_.async_wait([weak = weak_from_this(), socket](const ErrorCode& cancelled) {
    const auto self = weak.lock();
    if (cancelled || self == nullptr) return;
    self->resolver_.cancel();
    ErrorCode ignored;
    socket->close(ignored);
  });
  // A host that is a number needs no other thread.
  ErrorCode no_number;
  asio::ip::make_address(options_.address.host, no_number);
  if (!no_number) {
    ErrorCode failed;
    const auto endpoints =
        resolver_.resolve(options_.address.host, options_.address.port,
                          tcp::resolver::numeric_host | tcp::resolver::numeric_service, failed);
    if (failed) return OnConnectFailed();
    return Open(socket, endpoints);
  }
  resolver_.async_resolve(options_.address.host, options_.address.port,
                          tcp::resolver::numeric_service,
                          [weak = weak_from_this(), socket](
                              const ErrorCode& failed, const tcp::resolver::results_type& found) {
                            const auto self = weak.lock();
                            if (self == nullptr) return;
                            if (failed) return self->OnConnectFailed();
                            self->Open(socket, found);
                          });
}

void UnaryChannel::Open(std::shared_ptr<tcp::socket> socket,
                        const tcp::resolver::results_type& endpoints) {
  asio::async_connect(
      *socket, endpoints,
      [weak = weak_from_this(), socket](const ErrorCode& failed, const tcp::endpoint&) {
        const auto self = weak.lock();
        if (self == nullptr) return;
        if (failed) return self->OnConnectFailed();
        self->OnConnected(std::move(*socket));
      });
}

void UnaryChannel::OnConnected(tcp::socket socket) {
  connect_timer_.cancel();
  is_connecting_ = false;
  next_pause_ = options_.first_pause;
  ErrorCode ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  connection_ = std::make_shared<Http2Connection>(std::move(socket), options_.first_stream_id);
  connection_->Start();
  for (const auto& call : std::exchange(waiting_, {})) {
    if (!call->has_ended) Send(call);
  }
}

void UnaryChannel::OnConnectFailed() {
  connect_timer_.cancel();
  is_connecting_ = false;
  pause_end_ = Clock::now() + next_pause_;
  next_pause_ = std::min(2 * next_pause_, options_.longest_pause);
  for (const auto& call : std::exchange(waiting_, {})) {
    if (!call->has_ended) End(call, NotReachable());
  }
}

void UnaryChannel::OnStreamClosed(const std::shared_ptr<Call>& call, uint32_t error_code,
                                  bool lost) {
  call->connection = nullptr;
  if (lost) return End(call, NotReachable());
  if (error_code == NGHTTP2_REFUSED_STREAM && !std::exchange(call->was_refused, true)) {
    call->answer = UnaryAnswer();
    return Send(call);
  }
  End(call, call->answer.StatusOf(error_code));
}

void UnaryChannel::End(const std::shared_ptr<Call>& call, grpc::Status status) {
  if (std::exchange(call->has_ended, true)) return;
  const std::shared_ptr<UnaryChannel> self = shared_from_this();
  calls_.erase(call->id);
  if (call->deadline != Clock::time_point::max()) deadlines_.erase({call->deadline, call->id});
  std::erase(waiting_, call);
  // Where it has not ended by itself the service shall stop working for it.
  if (call->connection != nullptr) {
    std::exchange(call->connection, nullptr)->Reset(call->stream_id, NGHTTP2_CANCEL);
  }
  const OnReply on_reply = std::exchange(call->on_reply, nullptr);
  if (!on_reply) return;
  UnaryReply reply{.status = std::move(status),
                   .initial_metadata = call->answer.TakeInitialMetadata(),
                   .trailing_metadata = call->answer.TakeTrailingMetadata(),
                   .message = {}};
  if (reply.status.ok()) reply.message = call->answer.TakeMessage();
  on_reply(std::move(reply));
}

void UnaryChannel::Watch(Clock::time_point deadline) {
  if (watched_deadline_ && *watched_deadline_ <= deadline) return;
  watched_deadline_ = deadline;
  deadline_timer_.expires_at(deadline);
  deadline_timer_.async_wait([weak = weak_from_this()](const ErrorCode& cancelled) {
    const auto self = weak.lock();
    if (!cancelled && self != nullptr) self->OnDeadline();
  });
}

void UnaryChannel::OnDeadline() {
  watched_deadline_ = std::nullopt;
  const auto now = Clock::now();
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    const auto found = calls_.find(deadlines_.begin()->second);
    deadlines_.erase(deadlines_.begin());
    if (found == calls_.end()) continue;
    const std::shared_ptr<Call> call = found->second;
    End(call, TooLate());
  }
  if (!deadlines_.empty()) Watch(deadlines_.begin()->first);
}

}  // namespace clv::gateway
