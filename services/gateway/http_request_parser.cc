#include "services/gateway/http_request_parser.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <limits>
#include <utility>

namespace clv::gateway {
namespace {

// The session has limited the head already; escaped spaces make it up to three times as long.
constexpr uint32_t kHeaderLimitBytes = 256 * 1024;

// A body's announced length is believed only so far; the string grows as the bytes come.
constexpr uint64_t kMaxReservedBytes = 256 * 1024;

}  // namespace

HttpRequestParser::HttpRequestParser() {
  header_limit(kHeaderLimitBytes);
  // Beast 1.74 takes the absence of a limit for a limit of nothing.
  body_limit(std::numeric_limits<uint64_t>::max());
  eager(true);
}

bool HttpRequestParser::LimitBody(uint64_t max_bytes) {
  if (content_length().value_or(0) > max_bytes) return false;
  body_limit(max_bytes);
  return true;
}

HttpRequest HttpRequestParser::TakeRequest() { return std::exchange(request_, {}); }

std::string HttpRequestParser::TakeBody(size_t max_bytes) {
  if (request_.body.size() <= max_bytes) return std::exchange(request_.body, {});
  std::string bytes = request_.body.substr(0, max_bytes);
  request_.body.erase(0, max_bytes);
  return bytes;
}

void HttpRequestParser::FeedHead(std::string_view head, boost::beast::error_code& error) {
  Feed(head, error);
  if (!error && !is_header_done()) error = boost::beast::http::error::partial_message;
}

size_t HttpRequestParser::Feed(std::string_view input, boost::beast::error_code& error) {
  size_t consumed = 0;
  while (consumed < input.size() && !is_done()) {
    const size_t used =
        put(boost::asio::const_buffer(input.data() + consumed, input.size() - consumed), error);
    consumed += used;
    if (error == boost::beast::http::error::need_more) {
      error = {};
      break;
    }
    if (error || used == 0) break;
  }
  return consumed;
}

void HttpRequestParser::on_request_impl(boost::beast::http::verb /*method*/,
                                        string_view method_text, string_view target, int version,
                                        error_code& /*error*/) {
  http_version_ = version;
  request_.method.assign(method_text.data(), method_text.size());
  request_.target.assign(target.data(), target.size());
}

void HttpRequestParser::on_response_impl(int /*code*/, string_view /*reason*/, int /*version*/,
                                         error_code& /*error*/) {}

void HttpRequestParser::on_field_impl(boost::beast::http::field field, string_view name,
                                      string_view value, error_code& error) {
  // Beast would take a coding that it does not know for no body at all, and read the body as the
  // next request.
  if (field == boost::beast::http::field::transfer_encoding &&
      !boost::beast::iequals(value, "chunked")) {
    error = boost::beast::http::error::bad_transfer_encoding;
    return;
  }
  // Trailer fields of a chunked body mean nothing to a gRPC request and must not pass for checked
  // headers.
  if (in_trailer_) return;
  request_.headers.push_back(
      {std::string(name.data(), name.size()), std::string(value.data(), value.size())});
}

void HttpRequestParser::on_header_impl(error_code& /*error*/) { in_trailer_ = true; }

void HttpRequestParser::on_body_init_impl(const boost::optional<uint64_t>& content_length,
                                          error_code& /*error*/) {
  if (content_length) request_.body.reserve(std::min(*content_length, kMaxReservedBytes));
}

size_t HttpRequestParser::on_body_impl(string_view body, error_code& /*error*/) {
  request_.body.append(body.data(), body.size());
  return body.size();
}

void HttpRequestParser::on_chunk_header_impl(uint64_t /*size*/, string_view /*extensions*/,
                                             error_code& /*error*/) {}

size_t HttpRequestParser::on_chunk_body_impl(uint64_t /*remaining*/, string_view body,
                                             error_code& /*error*/) {
  request_.body.append(body.data(), body.size());
  return body.size();
}

void HttpRequestParser::on_finish_impl(error_code& /*error*/) {}

}  // namespace clv::gateway
