// services/gateway/http_session_exchange.h: an exchange of a connection, as its handler sees it.
//
// Internal to http_session.cc.
#ifndef CLV_SERVICES_GATEWAY_HTTP_SESSION_EXCHANGE_H_
#define CLV_SERVICES_GATEWAY_HTTP_SESSION_EXCHANGE_H_

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <mutex>

#include "services/gateway/http_types.h"

namespace clv::gateway {

class HttpSession;

// Settled by the first of: an answer, the client's leaving. Carries what the handler says on any
// thread to the session's own, where the session ignores it unless this is its current exchange.
class HttpSessionExchange final : public HttpExchange,
                                  public std::enable_shared_from_this<HttpSessionExchange> {
 public:
  // `io` is the session's event loop, which the session keeps alive.
  HttpSessionExchange(std::shared_ptr<HttpSession> session, boost::asio::io_context& io,
                      HttpRequest request);

  HttpRequest& request() override { return request_; }
  boost::asio::io_context& io() override { return io_; }
  void ReadBody(std::function<void(BodyPiece)> on_piece) override;
  void Respond(HttpResponse response) override;
  void RespondInPieces(HttpResponse head, PieceSource source) override;
  void OnAbandoned(std::function<void()> callback) override;

  // A piece that the source of the answer has given.
  void Deliver(AnswerPiece piece);

  // The client has left. Nothing reaches the session after this returns.
  void Abandon();

 private:
  const std::shared_ptr<HttpSession> session_;
  boost::asio::io_context& io_;
  HttpRequest request_;
  std::mutex mutex_;
  bool settled_ = false;                // guarded by mutex_
  bool responds_in_pieces_ = false;     // guarded by mutex_
  bool abandoned_ = false;              // guarded by mutex_
  std::function<void()> on_abandoned_;  // guarded by mutex_
};

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_HTTP_SESSION_EXCHANGE_H_
