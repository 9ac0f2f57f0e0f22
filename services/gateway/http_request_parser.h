// services/gateway/http_request_parser.h: Beast's HTTP/1.1 parser, writing straight into an
// HttpRequest.
#ifndef CLV_SERVICES_GATEWAY_HTTP_REQUEST_PARSER_H_
#define CLV_SERVICES_GATEWAY_HTTP_REQUEST_PARSER_H_

#include <boost/beast/http/basic_parser.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "services/gateway/http_types.h"

namespace clv::gateway {

// Parses one request. Refuses Content-Length together with Transfer-Encoding, and transfer codings
// other than `chunked`. Not thread-safe.
class HttpRequestParser final : public boost::beast::http::basic_parser<true> {
 public:
  HttpRequestParser();

  // Takes a whole head, its empty line included; call first. A line that lacks its end is an error
  // here: what comes next is body and must not be read as the rest of the head.
  void FeedHead(std::string_view head, boost::beast::error_code& error);

  // Consumes what it can of `input` and returns how many bytes that was; call again with the rest
  // and more. An incomplete element is not an error.
  size_t Feed(std::string_view input, boost::beast::error_code& error);

  // Bounds the body without its framing; call between the head and the body. False: the head
  // announces more. Where a chunked body goes beyond, `Feed` gives error::body_limit.
  bool LimitBody(uint64_t max_bytes);

  // The head once it has been fed, and as much of the body as has been fed and not been taken.
  const HttpRequest& request() const { return request_; }
  HttpRequest& request() { return request_; }

  // Takes the request as far as it has come. What is fed later goes into the body of an empty one.
  HttpRequest TakeRequest();

  // Takes the next bytes of the body, at most `max_bytes`; empty where there are none now.
  std::string TakeBody(size_t max_bytes);

  // HTTP version times ten, once the request line is parsed.
  int http_version() const { return http_version_; }

 private:
  using string_view = boost::beast::string_view;
  using error_code = boost::beast::error_code;

  void on_request_impl(boost::beast::http::verb method, string_view method_text, string_view target,
                       int version, error_code& error) override;
  void on_response_impl(int code, string_view reason, int version, error_code& error) override;
  void on_field_impl(boost::beast::http::field field, string_view name, string_view value,
                     error_code& error) override;
  void on_header_impl(error_code& error) override;
  void on_body_init_impl(const boost::optional<uint64_t>& content_length,
                         error_code& error) override;
  size_t on_body_impl(string_view body, error_code& error) override;
  void on_chunk_header_impl(uint64_t size, string_view extensions, error_code& error) override;
  size_t on_chunk_body_impl(uint64_t remaining, string_view body, error_code& error) override;
  void on_finish_impl(error_code& error) override;

  HttpRequest request_;
  int http_version_ = 0;
  bool in_trailer_ = false;
};

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_HTTP_REQUEST_PARSER_H_
