// HTTP/1.1 requests: the same bytes give the same request in whatever pieces they come.
#include <algorithm>
#include <string>
#include <string_view>

#include "services/gateway/http_head.h"
#include "services/gateway/http_request_parser.h"
#include "services/gateway/request_target.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

using clv::gateway::HttpRequest;
using clv::gateway::HttpRequestParser;

struct Outcome {
  bool is_done = false;
  HttpRequest request;
};

Outcome Parse(std::string_view head, std::string_view body, size_t piece) {
  Outcome outcome;
  HttpRequestParser parser;
  boost::beast::error_code error;
  parser.FeedHead(head, error);
  if (!error && !parser.LimitBody(1 << 16)) error = boost::beast::http::error::body_limit;
  std::string rest;
  for (size_t at = 0; !error && !parser.is_done() && at < body.size(); at += piece) {
    rest.append(body.substr(at, piece));
    rest.erase(0, parser.Feed(rest, error));
  }
  outcome.is_done = !error && parser.is_done();
  outcome.request = parser.TakeRequest();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input = clv::fuzz::Text(data, size);
  const auto end = clv::gateway::FindHeadEnd(input);
  clv::gateway::TargetOf(input);
  if (!end.ok() || !end->has_value()) return 0;
  CLV_FUZZ_CHECK(**end <= input.size());
  const auto head = clv::gateway::PrepareHead(input.substr(0, **end));
  if (!head.ok()) return 0;
  const std::string_view body = input.substr(**end);
  const Outcome whole = Parse(*head, body, std::max<size_t>(1, body.size()));
  const Outcome pieces = Parse(*head, body, 1);
  // A chunk extension with a line end in its quotes counts against the limit of the body at every
  // look, so that in pieces it may be refused where one look waits for more. It is never done.
  CLV_FUZZ_CHECK(whole.is_done == pieces.is_done);
  if (!whole.is_done) return 0;
  CLV_FUZZ_CHECK(whole.request.body == pieces.request.body);
  CLV_FUZZ_CHECK(whole.request.headers.size() == pieces.request.headers.size());
  // One way to tell where a body ends, or an attacker tells another server another.
  const bool has_length = clv::gateway::FindHeader(whole.request.headers, "content-length");
  const bool is_chunked = clv::gateway::FindHeader(whole.request.headers, "transfer-encoding");
  CLV_FUZZ_CHECK(!has_length || !is_chunked);
  for (const auto& header : whole.request.headers) {
    CLV_FUZZ_CHECK(header.value.find_first_of("\r\n") == std::string::npos);
  }
  clv::gateway::OriginForm(whole.request.target);
  return 0;
}
