// tools/cli/quarantine.h: `clv quarantine`: refused rows, why they were refused, and sending them
// again.
#ifndef CLV_TOOLS_CLI_QUARANTINE_H_
#define CLV_TOOLS_CLI_QUARANTINE_H_

#include <cstdint>
#include <istream>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/cli/http_client.h"
#include "tools/cli/server_json.h"

namespace clv::cli {

struct QuarantineListOptions {
  std::string data_source;
  uint32_t limit = 100;
  bool ndjson = false;  // lines of `id` and `raw`, to be mended and sent again
};

// Prints the newest refused rows.
absl::Status RunQuarantineList(const Server& server, const QuarantineListOptions& options);

// Prints how many rows were refused for which reason.
absl::Status RunQuarantineReasons(const Server& server, const std::string& data_source);

struct QuarantineRetryOptions {
  std::string data_source;
  std::string import_id;    // only the rows of this request
  std::string mended_file;  // only the rows of this file, as `list --ndjson` writes it; "-": input
};

// Sends refused rows again, all of them without further options, and prints what became of them.
// INVALID_ARGUMENT for a file that is not as described.
absl::Status RunQuarantineRetry(const Server& server, const QuarantineRetryOptions& options);

// What the functions above print or send.
std::string RenderQuarantine(const ProtoJson& response);
std::string MendableLines(const ProtoJson& response);
std::string RenderReasons(const ProtoJson& response);
absl::StatusOr<std::string> RetryBody(const std::string& import_id, std::istream* mended);

}  // namespace clv::cli

#endif  // CLV_TOOLS_CLI_QUARANTINE_H_
