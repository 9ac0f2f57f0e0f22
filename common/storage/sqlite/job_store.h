// common/storage/sqlite/job_store.h: the jobs of ingest in `event_log.db`.
#ifndef CLV_COMMON_STORAGE_SQLITE_JOB_STORE_H_
#define CLV_COMMON_STORAGE_SQLITE_JOB_STORE_H_

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/storage/sqlite/db.h"
#include "common/storage/storage.h"

namespace clv::storage {

// Writes on a connection of its own, in the process that writes the log.
class SqliteJobStore final : public JobStore {
 public:
  // `path`: of `event_log.db`, which is made if it is not there.
  static absl::StatusOr<std::unique_ptr<SqliteJobStore>> Open(const std::string& path);

  absl::Status PutJob(const StoredJob& job) override;
  absl::StatusOr<std::vector<StoredJob>> ListJobs(uint32_t limit) override;

 private:
  SqliteJobStore() = default;

  std::mutex mutex_;
  std::unique_ptr<Database> db_;
  Statement put_;
  Statement drop_old_;
  Statement list_;
};

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_SQLITE_JOB_STORE_H_
