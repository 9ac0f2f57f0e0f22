// tools/cli/load.h: `clv load`: sends files of rows to the server.
#ifndef CLV_TOOLS_CLI_LOAD_H_
#define CLV_TOOLS_CLI_LOAD_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tools/cli/batch_reader.h"
#include "tools/cli/data_source.h"
#include "tools/cli/http_client.h"
#include "tools/cli/retry.h"

namespace clv::cli {

struct LoadOptions {
  std::vector<std::string> files;    // "-" is standard input
  std::string data_source;           // empty: by each file's name
  std::optional<FileFormat> format;  // absent: by each file's name
  char delimiter = ',';              // of CSV
  BatchLimits limits;
  int connections = 4;
  bool wait = true;  // end only when every row is visible to queries
  std::chrono::seconds wait_timeout{600};
  RetryOptions retry;
};

// Sends the files one after the other, each over several connections at once; progress on standard
// error where that is a terminal, at the end one line on standard output. A batch that may have
// been written already is sent again when the connection breaks, which is harmless.
// INVALID_ARGUMENT, before anything is sent, when a file's data source is unknown or a file cannot
// be opened or has a wrong CSV header; else the first error of reading or sending, with the number
// of rows that are safe. DEADLINE_EXCEEDED when the rows are all durable but not visible within
// `wait_timeout`.
absl::Status RunLoad(const Server& server, const LoadOptions& options);

}  // namespace clv::cli

#endif  // CLV_TOOLS_CLI_LOAD_H_
