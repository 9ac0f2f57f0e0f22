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
  std::string body;  // whole, without chunk framing
};

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

  // Sends the answer. The first call counts; later ones, and those after the client has left, do
  // nothing.
  virtual void Respond(HttpResponse response) = 0;

  // Runs `callback` once if the client leaves before the answer; at once if it has left already. At
  // most one callback for each exchange. It may run on any thread and must not block.
  virtual void OnAbandoned(std::function<void()> callback) = 0;
};

// Answers a request, now or later. Called on an I/O thread: must not block.
using HttpHandler = std::function<void(std::shared_ptr<HttpExchange>)>;

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_HTTP_TYPES_H_
