// services/gateway/http2_connection.h: the client's side of one HTTP/2 connection.
//
// Internal to unary_channel.cc.
#ifndef CLV_SERVICES_GATEWAY_HTTP2_CONNECTION_H_
#define CLV_SERVICES_GATEWAY_HTTP2_CONNECTION_H_

#include <nghttp2/nghttp2.h>

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "services/gateway/http_types.h"

namespace clv::gateway {

// A request, and what becomes of its answer. Everything runs on the connection's event loop.
class Http2Stream {
 public:
  virtual ~Http2Stream() = default;

  // With the pseudo-header fields in front, names in lower case. Neither may change until OnClosed.
  virtual const HttpHeaders& request_headers() const = 0;
  virtual const std::string& request_body() const = 0;

  // A header or trailer field; those of one block come before its OnHeadersEnd, which says whether
  // the answer ends with it.
  virtual void OnHeader(std::string_view name, std::string_view value) = 0;
  virtual void OnHeadersEnd(bool ends_answer) = 0;
  virtual void OnData(std::string_view bytes) = 0;

  // Nothing follows. An RFC 9113 error code: NO_ERROR after a whole answer; REFUSED_STREAM: the
  // server has not touched the request. With `lost` the connection has ended.
  virtual void OnClosed(uint32_t error_code, bool lost) = 0;
};

// Multiplexes requests over a connected socket. What is sent within one turn of the event loop goes
// out by one write. Not thread-safe: belongs to the thread of the socket's event loop. Keeps itself
// alive while it reads.
class Http2Connection : public std::enable_shared_from_this<Http2Connection> {
 public:
  // Requests are numbered from `first_stream_id` on, which is odd: by 2, up to 2^31 - 1.
  explicit Http2Connection(boost::asio::ip::tcp::socket socket, int32_t first_stream_id = 1);
  ~Http2Connection();

  Http2Connection(const Http2Connection&) = delete;
  Http2Connection& operator=(const Http2Connection&) = delete;

  // Says hello and begins to read. Call once.
  void Start();

  // False once the server has said that it takes no more requests, when the numbers have run out,
  // and when the connection is lost.
  bool CanSubmit() const;

  // Sends a request; its number, or a negative one where the connection takes none.
  int32_t Submit(std::shared_ptr<Http2Stream> stream);

  // Ends a request with an RFC 9113 error code. Its stream hears of it by OnClosed, later.
  void Reset(int32_t stream_id, uint32_t error_code);

  // Takes no more requests, and ends the connection when the last has its answer. Idempotent.
  void Retire();

  // Loses the connection. Idempotent.
  void Close();

 private:
  // A request under way.
  struct Exchange {
    std::shared_ptr<Http2Stream> stream;
    size_t sent_body_bytes = 0;
  };
  struct Callbacks;

  void ScheduleFlush();
  void Flush();
  void Read();
  void Received(size_t bytes);

  boost::asio::ip::tcp::socket socket_;
  nghttp2_session* session_ = nullptr;
  std::unordered_map<int32_t, std::unique_ptr<Exchange>> exchanges_;  // by number
  std::array<uint8_t, 64 * 1024> in_;
  std::string out_;  // being written
  bool flush_is_due_ = false;
  bool is_writing_ = false;
  bool is_closed_ = false;
};

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_HTTP2_CONNECTION_H_
