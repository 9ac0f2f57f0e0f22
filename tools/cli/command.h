// tools/cli/command.h: what a sub-command of the client does once its flags are read.
#ifndef CLV_TOOLS_CLI_COMMAND_H_
#define CLV_TOOLS_CLI_COMMAND_H_

#include <functional>

#include "absl/status/status.h"
#include "tools/cli/http_client.h"

namespace clv::cli {

// INVALID_ARGUMENT is bad usage.
using Command = std::function<absl::Status(const Server&)>;

// The same for a sub-command that needs no suite.
using LocalCommand = std::function<absl::Status()>;

}  // namespace clv::cli

#endif  // CLV_TOOLS_CLI_COMMAND_H_
