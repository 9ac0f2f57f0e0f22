// services/ingest/role.h: the ingest role of a process: log, tokens, queue and services, wired.
#ifndef CLV_SERVICES_INGEST_ROLE_H_
#define CLV_SERVICES_INGEST_ROLE_H_

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/broadcast.h"
#include "common/base/clock.h"
#include "common/base/data_directory.h"
#include "common/base/demand.h"
#include "common/metrics/metrics.h"
#include "common/rpc/dispatcher.h"
#include "common/storage/sqlite/backup.h"
#include "common/storage/sqlite/clv_store.h"
#include "common/storage/sqlite/event_log.h"
#include "common/storage/sqlite/fold_outcomes.h"
#include "common/storage/sqlite/fold_progress.h"
#include "common/storage/sqlite/job_store.h"
#include "common/storage/sqlite/quarantine_reader.h"
#include "common/storage/sqlite/token_store.h"
#include "common/storage/visibility_waiter.h"
#include "services/ingest/admin_service.h"
#include "services/ingest/audit.h"
#include "services/ingest/backup_job.h"
#include "services/ingest/customer_export.h"
#include "services/ingest/data_source_parts.h"
#include "services/ingest/data_source_service.h"
#include "services/ingest/erased_customers.h"
#include "services/ingest/erasure.h"
#include "services/ingest/erasure_steps.h"
#include "services/ingest/ingest_service.h"
#include "services/ingest/job_board.h"
#include "services/ingest/write_queue.h"

namespace clv::ingest {

// The only ingest of its data directory: it holds the role's lock.
class IngestRole {
 public:
  struct Options {
    DataDirectory directory;
    std::string log_retention = "folded";  // or "all"
    rpc::Dispatcher::Options dispatch;
    const Clock* clock = nullptr;
    Broadcast* appended = nullptr;      // told after every append, or null
    const Broadcast* folded = nullptr;  // of an aggregation in the same process, else null
    Demand* fold_awaited = nullptr;     // held while a call waits for that aggregation, or null
    std::string version;
  };

  // Opens and migrates `event_log.db` and `auth.db`; at the first start makes the admin token and
  // two narrower ones. FAILED_PRECONDITION when another process has the role or a schema is newer.
  static absl::StatusOr<std::unique_ptr<IngestRole>> Start(Options options);

  // Ends the jobs, and writes and answers what is queued. The server must have been drained.
  ~IngestRole();

  std::vector<grpc::Service*> services() {
    return {ingest_.get(), admin_.get(), data_source_service_.get()};
  }

  // Adds the methods that write.
  void AddTo(rpc::LocalMethods* methods) { ingest_->AddTo(methods); }

  // Where GetStatus and the calls about jobs ask; either may be null.
  void Connect(const std::shared_ptr<grpc::Channel>& aggregation,
               const std::shared_ptr<grpc::Channel>& query) {
    admin_->Connect(aggregation, query);
  }

  // As it was at the start.
  const std::string& admin_token() const { return admin_token_; }
  storage::TokenReader& tokens() { return *tokens_; }

  // The tokens that this start made, a line each, for standard output; empty when it made none.
  const std::string& first_start_message() const { return first_start_message_; }

 private:
  explicit IngestRole(RoleLock lock) : lock_(std::move(lock)) {}
  absl::Status MakeTokens(const DataDirectory& directory, const Clock& clock);
  absl::Status MakeJobs(const Options& options);
  absl::Status MakePersons(const Options& options);
  void MakeDataSources(const Options& options);

  RoleLock lock_;
  std::string admin_token_;
  std::string first_start_message_;
  std::unique_ptr<storage::SqliteEventLog> log_;
  std::unique_ptr<storage::SqliteTokenStore> tokens_;
  std::unique_ptr<Audit> audit_;
  std::unique_ptr<ErasedCustomers> erased_;
  // Two, since the waiter blocks in its own.
  std::unique_ptr<storage::SqliteFoldProgress> trim_progress_;
  std::unique_ptr<storage::SqliteFoldProgress> wait_progress_;
  std::unique_ptr<storage::SqliteFoldOutcomes> outcomes_;
  std::unique_ptr<storage::VisibilityWaiter> visibility_;
  std::unique_ptr<WriteQueue> queue_;
  std::unique_ptr<storage::SqliteJobStore> job_store_;
  std::unique_ptr<storage::SqliteClvReader> facts_;
  std::unique_ptr<storage::SqliteQuarantineReader> quarantine_;
  std::timed_mutex log_content_;  // see BackupJob::Options
  std::unique_ptr<storage::SqliteInstallationCopier> copier_;
  std::unique_ptr<ErasureSteps> erasure_steps_;
  std::unique_ptr<Erasure> erasure_;
  std::unique_ptr<CustomerExport> customer_export_;
  std::unique_ptr<BackupJob> backups_;
  std::unique_ptr<DataSourceParts> data_sources_;
  std::unique_ptr<IngestService> ingest_;
  std::unique_ptr<AdminService> admin_;
  std::unique_ptr<metrics::Collection> metrics_;
  std::unique_ptr<DataSourceService> data_source_service_;
  // What the jobs use lies above.
  std::unique_ptr<JobBoard> jobs_;
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_ROLE_H_
