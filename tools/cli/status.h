// tools/cli/status.h: `clv status`: how the suite is, for people.
#ifndef CLV_TOOLS_CLI_STATUS_H_
#define CLV_TOOLS_CLI_STATUS_H_

#include <string>

#include "absl/status/status.h"
#include "tools/cli/http_client.h"
#include "tools/cli/server_json.h"

namespace clv::cli {

// A few lines of text from the answer of GET /v1/status.
std::string RenderStatus(const ProtoJson& status, const std::string& url);

// Prints the status on standard output. FAILED_PRECONDITION when the suite reports problems, which
// are printed, too.
absl::Status RunStatus(const Server& server);

}  // namespace clv::cli

#endif  // CLV_TOOLS_CLI_STATUS_H_
