// tools/cli/deletion.h: `clv delete` and `clv truncate`.
#ifndef CLV_TOOLS_CLI_DELETION_H_
#define CLV_TOOLS_CLI_DELETION_H_

#include <istream>
#include <string>

#include "absl/status/status.h"
#include "tools/cli/http_client.h"

namespace clv::cli {

struct DeleteOptions {
  std::string data_source;
  std::string condition;
  bool dry_run = false;  // only count
  bool yes = false;      // do not ask
};

// Counts the rows that meet the condition, asks on `input` unless told not to, removes them and
// waits until they are gone. CANCELLED when the answer is no, UNKNOWN when the server refused.
absl::Status RunDelete(const Server& server, const DeleteOptions& options, std::istream& input);

struct TruncateOptions {
  std::string data_source;  // or the quarantine of one
  bool yes = false;
};

// Removes all rows; the rest as RunDelete.
absl::Status RunTruncate(const Server& server, const TruncateOptions& options, std::istream& input);

}  // namespace clv::cli

#endif  // CLV_TOOLS_CLI_DELETION_H_
