#include "services/gateway/http_response_head.h"

#include <boost/beast/http/status.hpp>

#include "absl/strings/str_cat.h"

namespace clv::gateway {
namespace {

// A control character in a value would let a service write headers of its own.
void AppendHeader(std::string_view name, std::string_view value, std::string& out) {
  out.append(name).append(": ");
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    out.push_back((byte < 0x20 && c != '\t') || byte == 0x7F ? ' ' : c);
  }
  out.append("\r\n");
}

}  // namespace

bool HasNoBody(int status) { return status == 204 || status == 304; }

std::string SerializeHead(const HttpResponse& response, std::string_view date, bool keep_alive,
                          int http_version, bool in_pieces) {
  const auto reason = boost::beast::http::obsolete_reason(
      boost::beast::http::int_to_status(static_cast<unsigned>(response.status)));
  std::string out;
  out.reserve(512);
  absl::StrAppend(&out, "HTTP/1.1 ", response.status, " ",
                  absl::string_view(reason.data(), reason.size()), "\r\n");
  for (const HttpHeader& header : response.headers) AppendHeader(header.name, header.value, out);
  if (!date.empty()) AppendHeader("date", date, out);
  if (in_pieces) {
    if (http_version >= 11) out.append("transfer-encoding: chunked\r\n");
  } else if (!HasNoBody(response.status)) {
    absl::StrAppend(&out, "content-length: ", response.body.size(), "\r\n");
  }
  if (!keep_alive) out.append("connection: close\r\n");
  if (keep_alive && http_version == 10) out.append("connection: keep-alive\r\n");
  out.append("\r\n");
  return out;
}

std::string SerializeTrailers(const HttpHeaders& trailers) {
  std::string out;
  for (const HttpHeader& header : trailers) AppendHeader(header.name, header.value, out);
  return out.append("\r\n");
}

}  // namespace clv::gateway
