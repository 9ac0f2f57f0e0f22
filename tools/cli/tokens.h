// tools/cli/tokens.h: `clv tokens`: lists, creates and revokes tokens.
#ifndef CLV_TOOLS_CLI_TOKENS_H_
#define CLV_TOOLS_CLI_TOKENS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tools/cli/http_client.h"

namespace clv::cli {

// Prints a table of the tokens, without their texts.
absl::Status RunListTokens(const Server& server);

// Creates a token and prints its text, and nothing else, on standard output: it cannot be shown
// again.
absl::Status RunCreateToken(const Server& server, const std::string& name,
                            const std::vector<std::string>& scopes);

// Revokes the token of that name.
absl::Status RunDeleteToken(const Server& server, const std::string& name);

}  // namespace clv::cli

#endif  // CLV_TOOLS_CLI_TOKENS_H_
