// services/ingest/person_parts.h: erasure and export of customers, and backups, wired.
#ifndef CLV_SERVICES_INGEST_PERSON_PARTS_H_
#define CLV_SERVICES_INGEST_PERSON_PARTS_H_

#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "common/base/clock.h"
#include "common/base/data_directory.h"
#include "common/storage/backup.h"
#include "common/storage/clv_store.h"
#include "common/storage/storage.h"
#include "services/ingest/backup_job.h"
#include "services/ingest/customer_export.h"
#include "services/ingest/erased_customers.h"
#include "services/ingest/erasure.h"
#include "services/ingest/erasure_steps.h"
#include "services/ingest/job_board.h"
#include "services/ingest/write_queue.h"

namespace clv::ingest {

// Everything in the options must outlive the parts, and the parts the work of the board's jobs: end
// the board first.
class PersonParts {
 public:
  struct Options {
    WriteQueue* queue = nullptr;
    const storage::EventLog* log = nullptr;  // for its thread-safe calls
    ErasureSteps::OpenLog open_log;
    storage::FoldProgress* progress = nullptr;
    storage::ClvReader* facts = nullptr;
    storage::QuarantineReader* quarantine = nullptr;
    ErasedCustomers* erased = nullptr;
    storage::InstallationCopier* copier = nullptr;
    JobBoard* jobs = nullptr;
    const Clock* clock = nullptr;
    DataDirectory directory;
    std::string version;  // of the suite
  };
  explicit PersonParts(const Options& options);

  PersonParts(const PersonParts&) = delete;
  PersonParts& operator=(const PersonParts&) = delete;

  Erasure& erasure() { return erasure_; }
  const CustomerExport& customer_export() const { return customer_export_; }
  BackupJob& backups() { return backups_; }

  // Goes on with the erasures that an earlier process left.
  absl::Status ResumeJobs() { return erasure_.Resume(); }

 private:
  std::timed_mutex log_content_;  // see BackupJob::Options
  const ErasureSteps steps_;
  Erasure erasure_;
  const CustomerExport customer_export_;
  BackupJob backups_;
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_PERSON_PARTS_H_
