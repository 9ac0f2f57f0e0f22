// services/gateway/http_server.h: an asynchronous HTTP/1.1 server.
//
// Each request has an `x-request-id`, the client's or a new one, which its answer carries too.
//
// A few threads, each with an event loop of its own; a connection lives on one of them. Keep-alive,
// pipelining (one request at a time, in order), chunked bodies, `Expect: 100-continue`, HTTP/1.0.
//
// A handler gets a request with its whole body, or, where `takes_pieces` says so, with its head
// alone, and pulls the body through HttpExchange::ReadBody. The server then reads at most
// `max_piece_bytes` ahead of what was asked for, so that a body of any length passes in constant
// memory.
#ifndef CLV_SERVICES_GATEWAY_HTTP_SERVER_H_
#define CLV_SERVICES_GATEWAY_HTTP_SERVER_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "services/gateway/http_types.h"

namespace clv::gateway {

// What an access log may want to know of an answered request.
struct AccessRecord {
  std::string_view method;  // empty where the head could not be parsed
  std::string_view target;  // with query: may hold a token
  int status;
  std::chrono::microseconds duration;  // from the whole head to the answer, the body included
  std::string_view request_id;         // empty where the head could not be parsed
  std::string_view peer;               // the client's address: personal data
};

struct HttpServerOptions {
  std::string address =
      "127.0.0.1:8080";  // `host:port`, IPv6 hosts in brackets; port 0: a free one
  int io_threads = 2;
  int max_connections = 1024;             // beyond: 503 and close
  int max_connections_per_address = 512;  // the same; 0: no bound

  // PEM files. Where they are given the server speaks TLS, 1.2 or later, and nothing else.
  std::string tls_certificate_chain_file;
  std::string tls_private_key_file;

  size_t max_head_bytes = 16 * 1024;               // beyond: 431
  uint64_t max_body_bytes = 16 << 20;              // of a body taken whole; beyond: 413
  std::chrono::milliseconds head_timeout{10'000};  // from the first byte of a request; beyond: 408
  std::chrono::milliseconds idle_timeout{60'000};  // between requests; beyond: close

  // A body or an answer may take `transfer_grace` and the time that its bytes need at
  // `min_bytes_per_second`. A body beyond that gets 408, a client that does not read its answer is
  // cut off.
  std::chrono::milliseconds transfer_grace{10'000};
  int64_t min_bytes_per_second = 4096;

  // A body taken in pieces is read ahead, and handed on, in pieces of at most so many bytes.
  size_t max_piece_bytes = 1 << 20;

  // Such a body starts with `transfer_grace` and earns the time that its bytes need at
  // `min_bytes_per_second`, but never more than this, so that a fast start does not pay for a long
  // pause; beyond: 408. Only time in which the server reads counts.
  std::chrono::milliseconds max_body_pause{60'000};

  // While the server stops, an idle connection is kept for so long, because its client may have
  // sent a request already; the answer then says that it was the last.
  std::chrono::milliseconds drain_idle_timeout{500};

  // A client that has closed its sending side may still read. Its request runs on for this long,
  // then it is abandoned. A reset connection is abandoned at once.
  std::chrono::milliseconds half_close_grace{1'000};
};

// Thread-safe. Deadlines are looked at four times a second.
class HttpServer {
 public:
  struct Callbacks {
    HttpHandler handle;

    // Whether the handler takes the body of this request in pieces. Asked once the head is there,
    // of requests that have a body; may be null: never. On an I/O thread: must not block.
    std::function<bool(const HttpRequest& head)> takes_pieces;

    // Headers that every answer to this request carries, the server's own errors too. Asked once
    // the head is there; may be null. On an I/O thread: must not block.
    std::function<HttpHeaders(const HttpRequest& head)> answer_headers;

    // The server's own error replies (400, 408, 413, 417, 431, 503, 505). `target` may be empty or
    // cut short.
    std::function<HttpResponse(int status, std::string_view message, std::string_view target)>
        render_error;

    // Called after each answer; may be null. On an I/O thread: must not block.
    std::function<void(const AccessRecord&)> on_answered;
  };

  // What went over its connections since it began.
  struct Traffic {
    int open_connections = 0;
    uint64_t refused_connections = 0;  // beyond the bounds on connections
    uint64_t received_bytes = 0;       // heads included
    uint64_t sent_bytes = 0;           // the same
  };

  // Listens and serves until Stop. INVALID_ARGUMENT: the address is not `host:port`, or a TLS file
  // is of no use. UNAVAILABLE: cannot listen there.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(HttpServerOptions options,
                                                           Callbacks callbacks);

  // Stops with no patience if Stop was not called.
  virtual ~HttpServer() = default;

  // The address that it listens on, with the real port.
  virtual const std::string& address() const = 0;

  virtual Traffic traffic() const = 0;

  // Stops listening once it has taken the connections that wait, lets idle connections have
  // `drain_idle_timeout` and running requests time until `deadline`, then cuts the rest off and
  // returns when no thread runs any more. Every exchange is answered or
  // abandoned by then. Idempotent.
  virtual void Stop(std::chrono::steady_clock::time_point deadline) = 0;
};

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_HTTP_SERVER_H_
