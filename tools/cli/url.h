// tools/cli/url.h: the server's address, and building of request targets.
//
// Pure and thread-safe.
#ifndef CLV_TOOLS_CLI_URL_H_
#define CLV_TOOLS_CLI_URL_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace clv::cli {

// A server's address, as in http://host:port/base.
struct ServerUrl {
  std::string host;       // name or address; IPv6 without brackets
  std::string port;       // decimal
  std::string base_path;  // "" or "/..." without a slash at the end; goes before every target

  // The text that ParseUrl reads.
  std::string ToString() const;
  // Value of the Host header.
  std::string Authority() const;
};

// INVALID_ARGUMENT unless `text` is http://host[:port][/base]. The default port is 80.
absl::StatusOr<ServerUrl> ParseUrl(std::string_view text);

// Everything but letters, digits and "-._~" as %XX.
std::string PercentEncode(std::string_view text);

using Parameters = std::vector<std::pair<std::string, std::string>>;

// key=value&... with both sides percent-encoded; also the body of a form.
std::string EncodeParameters(const Parameters& parameters);

}  // namespace clv::cli

#endif  // CLV_TOOLS_CLI_URL_H_
