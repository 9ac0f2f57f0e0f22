// tools/cli/http_client.h: an HTTP/1.1 client with one kept-alive connection.
#ifndef CLV_TOOLS_CLI_HTTP_CLIENT_H_
#define CLV_TOOLS_CLI_HTTP_CLIENT_H_

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/cli/url.h"

namespace clv::cli {

// Where requests go and with what credential. The token is sent, never printed.
struct Server {
  ServerUrl url;
  std::string token;
};

struct HttpRequest {
  std::string method = "GET";
  std::string target = {};  // path and query, from "/"; already encoded
  std::string content_type = {};
  std::string body = {};
  std::chrono::seconds timeout{60};  // for writing the request and reading the answer
};

struct HttpResponse {
  int status = 0;
  std::string body;
  std::optional<std::chrono::seconds> retry_after;  // header Retry-After, where it is a number
  std::string folded_position;                      // header X-Clv-Folded-Position

  bool ok() const { return status >= 200 && status < 300; }
};

// Connects when first needed, keeps the connection and connects again when it was lost. Not
// thread-safe: one client for each thread.
class HttpClient {
 public:
  explicit HttpClient(Server server);
  ~HttpClient();
  HttpClient(HttpClient&&) noexcept;

  // Sends one request and reads its answer, whatever its status. A request whose kept connection
  // turns out to be closed before the first byte of the answer is sent once more on a new one.
  // UNAVAILABLE when there is no connection, or it breaks; DEADLINE_EXCEEDED after the timeout:
  // then the request may or may not have had its effect.
  absl::StatusOr<HttpResponse> Send(const HttpRequest& request);

  // Sends one request on a new connection and hands the body of a good answer to `sink` as it
  // comes; the body of the result is empty then. Any other answer is read whole. Needs memory for a
  // piece of the body, and the request's timeout is that of each piece. Stops at the first error of
  // `sink` and returns it. Else as Send; UNAVAILABLE also where the body breaks off.
  absl::StatusOr<HttpResponse> Receive(const HttpRequest& request,
                                       const std::function<absl::Status(std::string_view)>& sink);

 private:
  struct Connection;

  Server server_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace clv::cli

#endif  // CLV_TOOLS_CLI_HTTP_CLIENT_H_
