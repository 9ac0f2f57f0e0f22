// tools/cli/export.h: the sub-command `export`.
#ifndef CLV_TOOLS_CLI_EXPORT_H_
#define CLV_TOOLS_CLI_EXPORT_H_

#include <string>

#include "absl/status/status.h"
#include "tools/cli/http_client.h"

namespace clv::cli {

struct ExportOptions {
  std::string data_source;
  std::string format = "ndjson";  // or csv
  std::string output = "-";       // a file; "-": standard output
};

// Writes all rows of a data source, in memory for one piece only. A file appears under its name
// when it is whole: after an error there is none, and one that was there before stays. Errors: of
// the server, and UNAVAILABLE where the output cannot be written.
absl::Status RunExport(const Server& server, const ExportOptions& options);

}  // namespace clv::cli

#endif  // CLV_TOOLS_CLI_EXPORT_H_
