// services/gateway/http_request_parser.h: Beast's HTTP/1.1 parser, writing straight into an
// HttpRequest.
#ifndef CLV_SERVICES_GATEWAY_HTTP_REQUEST_PARSER_H_
#define CLV_SERVICES_GATEWAY_HTTP_REQUEST_PARSER_H_

#include <boost/beast/http/basic_parser.hpp>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "services/gateway/http_types.h"

namespace clv::gateway {

// Parses one request. Refuses Content-Length together with Transfer-Encoding, and transfer codings
// other than `chunked`. Not thread-safe.
class HttpRequestParser final : public boost::beast::http::basic_parser<true> {
 public:
  // `max_body_bytes` bounds the body without its framing: beyond it `Feed` gives error::body_limit.
  explicit HttpRequestParser(uint64_t max_body_bytes);

  // Consumes what it can of `input` and returns how many bytes that was; call again with the rest
  // and more. An incomplete element is not an error.
  size_t Feed(std::string_view input, boost::beast::error_code& error);

  // Whole once is_done().
  HttpRequest& request() { return request_; }

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
