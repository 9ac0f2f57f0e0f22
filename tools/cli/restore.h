// tools/cli/restore.h: `clv restore`: making a data directory of a backup, without a suite.
#ifndef CLV_TOOLS_CLI_RESTORE_H_
#define CLV_TOOLS_CLI_RESTORE_H_

#include <string>

#include "absl/status/status.h"

namespace clv::cli {

struct RestoreOptions {
  std::string backup;    // a directory that a backup wrote
  std::string data_dir;  // one that is not there, or empty
};

// Copies the backup beside the data directory's place, compares every copy with the manifest, and
// only then gives it the name, so that a suite may be started on it. INVALID_ARGUMENT when the
// backup is none; DATA_LOSS when a file differs from the manifest; FAILED_PRECONDITION when the
// backup is of a newer suite, or the data directory is in use or holds anything.
absl::Status RunRestore(const RestoreOptions& options);

}  // namespace clv::cli

#endif  // CLV_TOOLS_CLI_RESTORE_H_
