// tools/cli/backup.h: `clv backup`: copying a running suite's databases into a directory.
#ifndef CLV_TOOLS_CLI_BACKUP_H_
#define CLV_TOOLS_CLI_BACKUP_H_

#include <string>

#include "absl/status/status.h"
#include "tools/cli/http_client.h"

namespace clv::cli {

// Has the suite write a backup and waits for its end. `directory`: a new directory on the suite's
// machine; a relative path is one of this process.
absl::Status RunBackup(const Server& server, const std::string& directory);

}  // namespace clv::cli

#endif  // CLV_TOOLS_CLI_BACKUP_H_
