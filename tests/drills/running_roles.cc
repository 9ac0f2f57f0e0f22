#include "tests/drills/running_roles.h"

#include <chrono>
#include <utility>

#include "common/base/clock.h"
#include "common/base/status_macros.h"
#include "services/aggregation/recompute.h"

namespace clv::drills {

absl::StatusOr<std::unique_ptr<RunningRoles>> RunningRoles::Start(const std::string& directory,
                                                                  bool trims) {
  std::unique_ptr<RunningRoles> roles(new RunningRoles(directory));
  CLV_ASSIGN_OR_RETURN(roles->log_, storage::SqliteEventLog::Open({.path = LogPath(directory),
                                                                   .appended = &roles->appended_}));
  CLV_ASSIGN_OR_RETURN(roles->store_, storage::SqliteClvStore::Open({.path = StorePath(directory),
                                                                     .folded = &roles->folded_,
                                                                     .cache_kib = 1'024,
                                                                     .least_folded_ahead = 1,
                                                                     .wal_pages_at_sync = 4,
                                                                     .long_wal_pages = 16}));
  CLV_RETURN_IF_ERROR(aggregation::AdoptReportingCurrency(*roles->store_, "USD"));
  const auto open_log =
      [directory,
       appended = &roles->appended_]() -> absl::StatusOr<std::unique_ptr<storage::EventReader>> {
    return storage::SqliteEventReader::Open({.path = LogPath(directory), .appended = appended});
  };
  roles->worker_ = std::make_unique<aggregation::Worker>(aggregation::Worker::Options{
      .store = roles->store_.get(), .open_log = open_log, .max_rows_per_fold = 30});
  roles->queue_ = std::make_unique<ingest::WriteQueue>(ingest::WriteQueue::Options{
      .log = roles->log_.get(),
      .progress = &roles->progress_,
      .clock = &SystemClock(),
      .log_retention = trims ? ingest::LogRetention::kFolded : ingest::LogRetention::kAll,
      .trim_interval = std::chrono::milliseconds(2)});
  roles->worker_->Start();
  return roles;
}

RunningRoles::~RunningRoles() {
  if (queue_ != nullptr) queue_->Drain();
  if (worker_ != nullptr) worker_->Stop();
}

bool RunningRoles::WaitUntilFolded(storage::LogPosition position) {
  return progress_.WaitUntilFolded(position, std::chrono::seconds(60));
}

}  // namespace clv::drills
