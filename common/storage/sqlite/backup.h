// common/storage/sqlite/backup.h: copies of the SQLite databases.
#ifndef CLV_COMMON_STORAGE_SQLITE_BACKUP_H_
#define CLV_COMMON_STORAGE_SQLITE_BACKUP_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "common/base/data_directory.h"
#include "common/storage/backup.h"

namespace clv::storage {

// Copies by VACUUM INTO, so that a copy is one state of its database, holds nothing but live
// content, and blocks nobody; the write-ahead file grows meanwhile.
class SqliteInstallationCopier final : public InstallationCopier {
 public:
  explicit SqliteInstallationCopier(DataDirectory directory) : directory_(std::move(directory)) {}

  absl::StatusOr<CopiedInstallation> CopyInto(const std::string& directory,
                                              const std::function<bool()>& is_stopping) override;

 private:
  const DataDirectory directory_;
};

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_SQLITE_BACKUP_H_
