#include "services/gateway/http_server.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <ctime>
#include <future>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "services/gateway/http_response_head.h"
#include "services/gateway/http_server_state.h"
#include "services/gateway/http_session.h"

namespace clv::gateway {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Clock = std::chrono::steady_clock;
using ErrorCode = boost::system::error_code;

constexpr std::chrono::milliseconds kSweepPeriod{250};
constexpr std::chrono::milliseconds kAcceptPause{100};

// RFC 9110 section 5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT`.
std::string HttpDate() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[64];
  return {text, std::strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

absl::StatusOr<tcp::endpoint> Resolve(const std::string& address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos || colon + 1 == address.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("HTTP address \"", address, "\": want host:port"));
  }
  std::string host = address.substr(0, colon);
  if (host.size() > 1 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  asio::io_context io;
  ErrorCode error;
  const auto results =
      tcp::resolver(io).resolve(host, address.substr(colon + 1),
                                tcp::resolver::passive | tcp::resolver::numeric_service, error);
  if (error || results.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("HTTP address \"", address, "\": ", error.message()));
  }
  return results.begin()->endpoint();
}

std::string ToString(const tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  return endpoint.address().is_v6() ? absl::StrCat("[", host, "]:", endpoint.port())
                                    : absl::StrCat(host, ":", endpoint.port());
}

class BeastHttpServer final : public HttpServer {
 public:
  BeastHttpServer(HttpServerOptions options, Callbacks callbacks)
      : state_(std::make_shared<HttpServerState>(std::move(options), std::move(callbacks))) {
    for (int i = 0; i < std::max(1, state_->options.io_threads); ++i) {
      loops_.push_back(std::make_shared<HttpEventLoop>());
    }
    acceptor_.emplace(loops_.front()->io);
    accept_pause_.emplace(loops_.front()->io);
  }

  ~BeastHttpServer() override { Stop(Clock::now()); }

  absl::Status Listen() {
    CLV_RETURN_IF_ERROR(PrepareTls());
    CLV_ASSIGN_OR_RETURN(const tcp::endpoint endpoint, Resolve(state_->options.address));
    ErrorCode error;
    acceptor_->open(endpoint.protocol(), error);
    if (!error) acceptor_->set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_->bind(endpoint, error);
    if (!error) acceptor_->listen(asio::socket_base::max_listen_connections, error);
    if (error) {
      return absl::UnavailableError(
          absl::StrCat("cannot listen on ", state_->options.address, ": ", error.message()));
    }
    address_ = ToString(acceptor_->local_endpoint(error));
    for (const auto& loop : loops_) {
      Sweep(loop);
      threads_.emplace_back([loop] {
        const auto work = asio::make_work_guard(loop->io);
        loop->io.run();
      });
    }
    asio::post(loops_.front()->io, [this] { Accept(); });
    return absl::OkStatus();
  }

  const std::string& address() const override { return address_; }

  Traffic traffic() const override { return state_->traffic(); }

  void Stop(Clock::time_point deadline) override {
    if (threads_.empty()) return;
    state_->draining = true;
    const auto listens_no_more = std::make_shared<std::promise<void>>();
    asio::post(loops_.front()->io, [this, listens_no_more] {
      AcceptWaiting();
      ErrorCode ignored;
      acceptor_->close(ignored);
      accept_pause_->cancel(ignored);
      listens_no_more->set_value();
    });
    listens_no_more->get_future().wait();
    ForEachSession([](HttpSession& session) { session.Drain(); });
    const bool is_empty = state_->WaitUntilEmpty(deadline);
    state_->closing = true;
    if (!is_empty) {
      ForEachSession([](HttpSession& session) { session.Close(); });
      state_->WaitUntilEmpty(Clock::time_point::max());
    }
    for (const auto& loop : loops_) loop->io.stop();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    // What was still queued holds references to its loop; running it lets go of them.
    for (const auto& loop : loops_) {
      loop->io.restart();
      loop->io.poll();
    }
  }

 private:
  // Runs `visit` for every connection on its own thread, some time after this call.
  template <typename Visit>
  void ForEachSession(Visit visit) {
    for (const auto& loop : loops_) {
      asio::post(loop->io, [loop, visit] {
        const auto sessions = loop->sessions;  // a visit may remove itself
        for (const auto& session : sessions) visit(*session);
      });
    }
  }

  // One timer for all connections of a loop is cheaper than setting one for each request.
  static void Sweep(const std::shared_ptr<HttpEventLoop>& loop) {
    loop->date = HttpDate();
    const auto now = Clock::now();
    const auto sessions = loop->sessions;
    for (const auto& session : sessions) session->Sweep(now);
    loop->sweep.expires_after(kSweepPeriod);
    loop->sweep.async_wait([weak = std::weak_ptr(loop)](const ErrorCode& error) {
      if (error) return;
      if (const auto self = weak.lock()) Sweep(self);
    });
  }

  absl::Status PrepareTls() {
    const HttpServerOptions& options = state_->options;
    if (options.tls_certificate_chain_file.empty() && options.tls_private_key_file.empty()) {
      return absl::OkStatus();
    }
    auto tls = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
    ErrorCode error;
    SSL_CTX_set_min_proto_version(tls->native_handle(), TLS1_2_VERSION);
    tls->set_options(asio::ssl::context::no_compression | SSL_OP_NO_RENEGOTIATION, error);
    tls->use_certificate_chain_file(options.tls_certificate_chain_file, error);
    if (error) {
      return absl::InvalidArgumentError(absl::StrCat(
          "TLS certificate chain \"", options.tls_certificate_chain_file, "\": ", error.message()));
    }
    tls->use_private_key_file(options.tls_private_key_file, asio::ssl::context::pem, error);
    if (error) {
      return absl::InvalidArgumentError(absl::StrCat(
          "TLS private key \"", options.tls_private_key_file, "\": ", error.message()));
    }
    state_->tls = std::move(tls);
    return absl::OkStatus();
  }

  void Accept() {
    const std::shared_ptr<HttpEventLoop>& loop = loops_[next_loop_++ % loops_.size()];
    acceptor_->async_accept(loop->io, [this, loop](const ErrorCode& error, tcp::socket socket) {
      if (error && state_->draining) return;
      if (error) {
        // Out of file descriptors, most likely; some will come free.
        accept_pause_->expires_after(kAcceptPause);
        accept_pause_->async_wait([this](const ErrorCode& cancelled) {
          if (!cancelled) Accept();
        });
        return;
      }
      Open(loop, std::move(socket));
      if (!state_->draining) Accept();
    });
  }

  // Connections whose clients believe them open: closing the acceptor would reset them.
  void AcceptWaiting() {
    ErrorCode error;
    acceptor_->non_blocking(true, error);
    for (int i = 0; !error && i < state_->options.max_connections; ++i) {
      const std::shared_ptr<HttpEventLoop>& loop = loops_[next_loop_++ % loops_.size()];
      tcp::socket socket(loop->io);
      acceptor_->accept(socket, error);
      if (!error) Open(loop, std::move(socket));
    }
  }

  void Open(const std::shared_ptr<HttpEventLoop>& loop, tcp::socket socket) {
    ErrorCode gone;
    const tcp::endpoint endpoint = socket.remote_endpoint(gone);
    if (gone) return;
    std::string peer = endpoint.address().to_string();
    if (!state_->TryOpen(peer)) return TurnAway(std::move(socket));
    asio::post(loop->io, [state = state_, loop, peer = std::move(peer),
                          socket = std::move(socket)]() mutable {
      std::make_shared<HttpSession>(std::move(socket), std::move(peer), loop, state)->Start();
    });
  }

  void TurnAway(tcp::socket socket) const {
    const HttpResponse response = state_->callbacks.render_error(503, "Too many connections.", "");
    const std::string text =
        SerializeHead(response, "", /*keep_alive=*/false, /*http_version=*/11) + response.body;
    ErrorCode ignored;
    if (state_->tls != nullptr) return;  // there are no keys yet to say it with
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(text), ignored);
    socket.shutdown(tcp::socket::shutdown_send, ignored);
  }

  const std::shared_ptr<HttpServerState> state_;
  std::vector<std::shared_ptr<HttpEventLoop>> loops_;
  std::vector<std::thread> threads_;
  std::string address_;

  // On the first loop's thread.
  std::optional<tcp::acceptor> acceptor_;
  std::optional<asio::steady_timer> accept_pause_;
  size_t next_loop_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(HttpServerOptions options,
                                                              Callbacks callbacks) {
  auto server = std::make_unique<BeastHttpServer>(std::move(options), std::move(callbacks));
  CLV_RETURN_IF_ERROR(server->Listen());
  return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace clv::gateway
