// services/ingest/backup_job.h: copying the installation into a directory while it is written.
//
// The directory holds the databases, the admin token where it lies in a file, and the manifest
// `backup.json`:
//   {"format": 1, "suite_version": "...", "created_at": "2026-01-31 12:00:00",
//    "folded_position": 7, "log_position": 9,
//    "files": [{"name": "clv.db", "schema_version": 2, "bytes": 4096, "sha256": "..."}, ...]}
// (`schema_version` is 0 for what is no database.) It is written beside its name, as
// `<directory>.partial-<random>`, and gets the name when all is checked and on the disk.
#ifndef CLV_SERVICES_INGEST_BACKUP_JOB_H_
#define CLV_SERVICES_INGEST_BACKUP_JOB_H_

#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clv/v1/job.pb.h"
#include "common/base/clock.h"
#include "common/base/data_directory.h"
#include "common/storage/backup.h"
#include "services/ingest/job_board.h"
#include "services/ingest/write_queue.h"

namespace clv::ingest {

// The format of the manifest, and its file.
inline constexpr int kBackupFormat = 1;
inline constexpr char kBackupManifest[] = "backup.json";

// Thread-safe. Everything in the options must outlive the jobs.
class BackupJob {
 public:
  struct Options {
    storage::InstallationCopier* copier = nullptr;
    DataDirectory directory;  // of the installation, for the admin token
    WriteQueue* queue = nullptr;
    JobBoard* jobs = nullptr;
    const Clock* clock = nullptr;
    // Held while the log is rewritten by an erasure or copied by a backup: facts of before an
    // erasure with a log of after it would keep the customer.
    std::timed_mutex* log_content = nullptr;
    std::string version;  // of the suite
  };

  explicit BackupJob(Options options) : options_(std::move(options)) {}

  // Starts a backup. INVALID_ARGUMENT for a path that is not absolute, or whose parent is no
  // directory; ALREADY_EXISTS when there is something at the path.
  absl::StatusOr<v1::Job> Start(const std::string& directory);

 private:
  absl::Status Run(const std::string& directory, JobProgress& progress) const;
  absl::Status Fill(const std::string& partial, JobProgress& progress) const;

  const Options options_;
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_BACKUP_JOB_H_
