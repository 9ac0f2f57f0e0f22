#include "services/gateway/http_session_exchange.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "services/gateway/http_session.h"

namespace clv::gateway {

HttpSessionExchange::HttpSessionExchange(std::shared_ptr<HttpSession> session,
                                         boost::asio::io_context& io, HttpRequest request)
    : session_(std::move(session)), io_(io), request_(std::move(request)) {}

// Posting under the lock means that nothing is posted once Abandon has returned: a stopped loop
// would keep it, and it the loop, for ever.
void HttpSessionExchange::ReadBody(std::function<void(BodyPiece)> on_piece) {
  const std::lock_guard lock(mutex_);
  if (settled_) return;
  boost::asio::post(io_, [self = shared_from_this(), on_piece = std::move(on_piece)]() mutable {
    self->session_->OnBodyWanted(*self, std::move(on_piece));
  });
}

void HttpSessionExchange::Respond(HttpResponse response) {
  std::function<void()> dropped;
  const std::lock_guard lock(mutex_);
  if (settled_ || responds_in_pieces_) return;
  settled_ = true;
  dropped = std::exchange(on_abandoned_, nullptr);
  boost::asio::post(io_, [self = shared_from_this(), response = std::move(response)]() mutable {
    self->session_->OnAnswer(*self, std::move(response));
  });
}

void HttpSessionExchange::RespondInPieces(HttpResponse head, PieceSource source) {
  const std::lock_guard lock(mutex_);
  if (settled_ || responds_in_pieces_) return;
  responds_in_pieces_ = true;
  boost::asio::post(io_, [self = shared_from_this(), head = std::move(head),
                          source = std::move(source)]() mutable {
    self->session_->OnAnswerInPieces(*self, std::move(head), std::move(source));
  });
}

void HttpSessionExchange::Deliver(AnswerPiece piece) {
  std::function<void()> dropped;
  const std::lock_guard lock(mutex_);
  if (settled_) return;
  if (piece.last || piece.broken) {
    settled_ = true;
    dropped = std::exchange(on_abandoned_, nullptr);
  }
  boost::asio::post(io_, [self = shared_from_this(), piece = std::move(piece)]() mutable {
    self->session_->OnAnswerPiece(*self, std::move(piece));
  });
}

void HttpSessionExchange::OnAbandoned(std::function<void()> callback) {
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

void HttpSessionExchange::Abandon() {
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

}  // namespace clv::gateway
