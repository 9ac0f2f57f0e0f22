// services/gateway/http_types.h: what passes between the HTTP server and what answers its requests.
//
// Nothing here says which version of HTTP is spoken.
#ifndef CLV_SERVICES_GATEWAY_HTTP_TYPES_H_
#define CLV_SERVICES_GATEWAY_HTTP_TYPES_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace clv::gateway {

struct HttpHeader {
  std::string name;
  std::string value;
};

using HttpHeaders = std::vector<HttpHeader>;

// Whether two header names are the same; ASCII letters of either case.
bool EqualHeaderNames(std::string_view a, std::string_view b);

// The value of the first header called `name`, or null.
const std::string* FindHeader(const HttpHeaders& headers, std::string_view name);

struct HttpRequest {
  std::string method;
  std::string target;  // as sent, raw spaces escaped
  HttpHeaders headers;
  std::string body;  // whole, without chunk framing; empty where the handler takes it in pieces
};

// Some bytes of a request's body, which follow those of the piece before.
struct BodyPiece {
  std::string bytes;  // without chunk framing; empty only in a last piece
  bool last = false;
};

// Some bytes of an answer's body, which follow those of the piece before.
struct AnswerPiece {
  std::string bytes;
  bool last = false;    // nothing follows, and the body is whole
  bool broken = false;  // nothing follows, and the body is not whole: its client must notice

  // Of the last piece: fields behind the body. Only for a client that has said `te: trailers`;
  // dropped where the body is not chunked.
  HttpHeaders trailers;
};

// Gives the next piece of an answer: runs its argument once, now or later, on any thread. It is
// called for a piece when the client's side has taken the one before, never after the last or a
// broken one, on an I/O thread: must not block.
using PieceSource = std::function<void(std::function<void(AnswerPiece)>)>;

// The server adds `date`, `content-length` and `connection`; a header value may hold no control
// characters.
struct HttpResponse {
  int status = 200;
  HttpHeaders headers;
  std::string body;
};

// One request and the way to answer it. Thread-safe. Dropping it without an answer leaves the
// client waiting until a deadline.
class HttpExchange {
 public:
  virtual ~HttpExchange() = default;

  // The request; the handler may move its parts out, before it answers.
  virtual HttpRequest& request() = 0;

  // The event loop of the request's connection, whose thread calls the handler: what it waits for
  // there needs no other thread. It runs until the server has stopped.
  virtual boost::asio::io_context& io() = 0;

  // Asks for the next piece of a body that the handler takes in pieces. `on_piece` runs once, on an
  // I/O thread, and must not block; it never runs where the exchange is answered or abandoned
  // first. One call at a time, none after the last piece. A client that waits for `100 Continue`
  // gets it by the first call. Where the request came whole, its body is in request() and an empty
  // last piece follows here.
  virtual void ReadBody(std::function<void(BodyPiece)> on_piece) = 0;

  // Sends the answer. The first call counts; later ones, and those after the client has left, do
  // nothing. Where the body has not come to its end, what is left of it is thrown away and the
  // connection closed.
  virtual void Respond(HttpResponse response) = 0;

  // Sends an answer whose body `source` gives piece by piece; `head.body` is ignored. Counts as
  // Respond does, but a body that the handler takes in pieces may go on coming by ReadBody until
  // the last piece of the answer is given. Over HTTP/1.1 the answer is chunked; over HTTP/1.0 it
  // ends with the connection. The client may leave until the last piece is given: OnAbandoned tells
  // of it.
  virtual void RespondInPieces(HttpResponse head, PieceSource source) = 0;

  // Runs `callback` once if the client leaves before the answer is given, or if its body is
  // malformed or comes too slowly, which the server answers itself; at once if that has happened
  // already. At most one callback for each exchange. It may run on any thread and must not block.
  virtual void OnAbandoned(std::function<void()> callback) = 0;
};

// Answers a request, now or later. Called on an I/O thread: must not block.
using HttpHandler = std::function<void(std::shared_ptr<HttpExchange>)>;

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_HTTP_TYPES_H_
