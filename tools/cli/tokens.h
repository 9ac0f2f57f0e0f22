// tools/cli/tokens.h: `clv tokens`: lists, creates, changes, refreshes and revokes tokens,
// and makes JWTs.
#ifndef CLV_TOOLS_CLI_TOKENS_H_
#define CLV_TOOLS_CLI_TOKENS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tools/cli/http_client.h"

namespace clv::cli {

// What a token opens and how much it may do; absent limits are those of the installation.
struct TokenSettings {
  std::string name;
  std::vector<std::string> scopes = {};
  std::optional<std::string> description = {};
  std::optional<double> requests_per_second = {};
  std::optional<double> bytes_per_second = {};
};

// What a JWT is to say.
struct JwtSettings {
  std::string name;
  std::vector<std::string> scopes = {};                  // `TYPE:ACTION:resource`
  std::map<std::string, std::string> fixed_params = {};  // of every scope of PIPES:READ
  int64_t lifetime_seconds = 3600;
  std::optional<double> requests_per_second = {};
};

// Prints a table of the tokens, without their texts.
absl::Status RunListTokens(const Server& server);

// Creates a token and prints its text, and nothing else, on standard output: it cannot be shown
// again.
absl::Status RunCreateToken(const Server& server, const TokenSettings& settings);

// Changes what the settings name; INVALID_ARGUMENT when they name nothing.
absl::Status RunUpdateToken(const Server& server, const TokenSettings& settings);

// Gives the token of that name a new text and prints it, and nothing else, on standard output.
absl::Status RunRefreshToken(const Server& server, const std::string& name);

// Makes a JWT and prints it, and nothing else, on standard output. `now_seconds`: Unix time, from
// which its lifetime counts. INVALID_ARGUMENT for a scope without resource.
absl::Status RunCreateJwt(const Server& server, const JwtSettings& settings, int64_t now_seconds);

// Revokes the token of that name.
absl::Status RunDeleteToken(const Server& server, const std::string& name);

}  // namespace clv::cli

#endif  // CLV_TOOLS_CLI_TOKENS_H_
