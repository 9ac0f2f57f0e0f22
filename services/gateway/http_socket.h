// services/gateway/http_socket.h: the bytes of one connection, plain or through TLS.
//
// Internal to http_session.cc.
#ifndef CLV_SERVICES_GATEWAY_HTTP_SOCKET_H_
#define CLV_SERVICES_GATEWAY_HTTP_SOCKET_H_

#include <poll.h>

#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <optional>
#include <utility>

namespace clv::gateway {

// Handlers get what Asio gives them. Not thread-safe. `tls` is null for a plain connection and
// outlives the socket otherwise.
class HttpSocket {
 public:
  using ErrorCode = boost::system::error_code;

  HttpSocket(boost::asio::ip::tcp::socket socket, boost::asio::ssl::context* tls) {
    if (tls == nullptr) {
      plain_.emplace(std::move(socket));
    } else {
      secure_.emplace(std::move(socket), *tls);
    }
  }

  bool is_secure() const { return secure_.has_value(); }

  // Agrees on keys; only where is_secure().
  template <typename Handler>
  void Handshake(Handler handler) {
    secure_->async_handshake(boost::asio::ssl::stream_base::server, std::move(handler));
  }

  // A connection that ends without TLS's word for it ends all the same: eof.
  template <typename Buffer, typename Handler>
  void Read(const Buffer& buffer, Handler handler) {
    if (plain_) return plain_->async_read_some(buffer, std::move(handler));
    secure_->async_read_some(buffer,
                             [handler = std::move(handler)](ErrorCode error, size_t size) mutable {
                               if (error == boost::asio::ssl::error::stream_truncated)
                                 error = boost::asio::error::eof;
                               handler(error, size);
                             });
  }

  // Writes all of the buffers.
  template <typename Buffers, typename Handler>
  void Write(const Buffers& buffers, Handler handler) {
    if (plain_) return boost::asio::async_write(*plain_, buffers, std::move(handler));
    boost::asio::async_write(*secure_, buffers, std::move(handler));
  }

  // Says that nothing more will be sent. With TLS `on_said` runs once the client has said the same;
  // nothing may be read meanwhile. Without, it does not run.
  template <typename Handler>
  void EndSending(Handler on_said) {
    if (secure_) return secure_->async_shutdown(std::move(on_said));
    ErrorCode ignored;
    plain_->shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
  }

  void Close() {
    ErrorCode ignored;
    tcp().close(ignored);
  }

  // Whether the client has reset the connection, which no read tells of while none is under way.
  bool HasReset() {
    pollfd state{tcp().native_handle(), 0, 0};
    return poll(&state, 1, 0) == 1 && (state.revents & (POLLERR | POLLHUP)) != 0;
  }

  boost::asio::ip::tcp::socket& tcp() { return plain_ ? *plain_ : secure_->next_layer(); }

 private:
  std::optional<boost::asio::ip::tcp::socket> plain_;
  std::optional<boost::asio::ssl::stream<boost::asio::ip::tcp::socket>> secure_;
};

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_HTTP_SOCKET_H_
