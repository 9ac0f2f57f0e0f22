// services/gateway/http_session.h: one connection of the HTTP server.
//
// Internal to http_server.cc. Everything of a session happens on its event loop's one thread.
#ifndef CLV_SERVICES_GATEWAY_HTTP_SESSION_H_
#define CLV_SERVICES_GATEWAY_HTTP_SESSION_H_

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/gateway/http_request_parser.h"
#include "services/gateway/http_server_state.h"
#include "services/gateway/http_session_exchange.h"
#include "services/gateway/http_socket.h"
#include "services/gateway/http_types.h"

namespace clv::gateway {

class HttpSession final : public std::enable_shared_from_this<HttpSession> {
 public:
  // `peer` is the client's address, under which the connection is counted.
  HttpSession(boost::asio::ip::tcp::socket socket, std::string peer,
              std::shared_ptr<HttpEventLoop> loop, std::shared_ptr<HttpServerState> server);

  // Registers with the loop and begins to read.
  void Start();

  // Acts on a deadline that has passed, and on a client that has left unread.
  void Sweep(std::chrono::steady_clock::time_point now);

  // Closes the connection soon if it is idle; otherwise it closes after its answer.
  void Drain();

  // Closes the connection; abandons its request. Idempotent.
  void Close();

  // What the handler of `exchange` says; nothing where that is not the current one any more.
  void OnBodyWanted(const HttpSessionExchange& exchange, std::function<void(BodyPiece)> on_piece);
  void OnAnswer(const HttpSessionExchange& exchange, HttpResponse response);
  void OnAnswerInPieces(const HttpSessionExchange& exchange, HttpResponse head, PieceSource source);
  void OnAnswerPiece(const HttpSessionExchange& exchange, AnswerPiece piece);

 private:
  enum class Phase {
    kHandshake,  // agrees on the keys of TLS
    kHead,       // waits for a request's head
    kBody,       // waits for its whole body
    kStreaming,  // hands its body on, piece by piece, while it comes
    kAnswering,  // has the whole request and waits for the handler
    kWriting,    // writes the answer; with body_flows_ while the body still comes
    kLingering,  // has said its last word; reads until the client closes, so that no reset destroys
                 // the answer
    kClosed,
  };

  void StartRead();
  void OnRead(const boost::system::error_code& error, size_t size);
  void OnPeerClosed();
  void Handshake();

  void ContinueHead();
  void BeginRequest(size_t head_size);
  bool FeedBody(std::string_view data);
  void ContinueBody(std::string_view data);
  void Dispatch();

  void BeginStreaming();
  bool StreamsBody() const;
  void ContinueStreaming(std::string_view data);
  void ReadAhead();
  void HandOn();

  void SayContinue();
  void Fail(int status, std::string_view message);
  void FailParsing(const boost::system::error_code& error);
  void Write(HttpResponse response);
  void BeginAnswer(HttpResponse response, bool in_pieces);
  void StartWrite();
  void OnWritten(const boost::system::error_code& error);
  void TellOfAnswer() const;
  void AskForPiece();
  void NextRequest();
  void Linger();
  std::chrono::steady_clock::duration TimeFor(size_t bytes) const;

  const std::shared_ptr<HttpEventLoop> loop_;
  const std::shared_ptr<HttpServerState> server_;
  HttpSocket socket_;
  const std::string peer_;  // address of the client

  Phase phase_ = Phase::kHead;
  std::chrono::steady_clock::time_point deadline_;  // max: the client is not waited for

  // The same for a body that is handed on in pieces.
  std::chrono::steady_clock::time_point body_deadline_ =
      std::chrono::steady_clock::time_point::max();
  bool body_flows_ = false;  // its pieces go on coming while the answer is written
  bool reading_ = false;
  bool peer_closed_ = false;
  bool keep_alive_ = false;
  bool awaits_continue_ = false;  // the client sends no body before it is told to
  bool saying_continue_ = false;  // `100 Continue` is on its way
  int http_version_ = 11;

  std::vector<char> chunk_;  // where a read in flight puts its bytes
  std::string input_;        // read and not yet consumed

  // Of the request under way.
  std::optional<HttpRequestParser> parser_;
  std::shared_ptr<HttpSessionExchange> exchange_;  // null: the handler has it not, or has answered
  std::function<void(BodyPiece)> on_piece_;        // null: the handler has not asked
  std::chrono::steady_clock::duration body_time_{0};  // that the client has left for its body
  HttpHeaders answer_headers_;
  std::string method_;
  std::string target_;
  std::string request_id_;
  std::chrono::steady_clock::time_point began_;
  std::chrono::microseconds duration_{0};
  int status_ = 0;
  PieceSource piece_source_;    // null: the answer comes whole, or its last piece is here
  bool chunks_pieces_ = false;  // HTTP/1.0 knows no chunks
  std::string head_out_;
  std::string body_out_;
  std::chrono::steady_clock::time_point linger_end_;
};

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_HTTP_SESSION_H_
