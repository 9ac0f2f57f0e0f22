// common/storage/backup.h: copying the databases of an installation while they are written.
#ifndef CLV_COMMON_STORAGE_BACKUP_H_
#define CLV_COMMON_STORAGE_BACKUP_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/storage/storage.h"

namespace clv::storage {

// A database as it was copied.
struct CopiedDatabase {
  std::string name;  // of its file
  int64_t schema_version = 0;
};

// A consistent copy of an installation.
struct CopiedInstallation {
  std::vector<CopiedDatabase> databases;
  LogPosition folded_position = 0;
  LogPosition log_position = 0;
};

// Copies an installation. Thread-safe.
class InstallationCopier {
 public:
  virtual ~InstallationCopier() = default;

  // Copies all databases into `directory`, which exists, and checks them: their integrity, their
  // schemas, and that the log goes on where the facts end. Facts are copied first and the log
  // afterwards, so the log holds all that the facts do; the caller keeps the log from being trimmed
  // and erasures from changing it meanwhile. What was appended before the call is in the copy. The
  // files are synced, the directory is not. `is_stopping` is asked often; CANCELLED when it says
  // so. DATA_LOSS when a copy fails its checks, UNAVAILABLE while a database is not there yet.
  virtual absl::StatusOr<CopiedInstallation> CopyInto(const std::string& directory,
                                                      const std::function<bool()>& is_stopping) = 0;
};

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_BACKUP_H_
