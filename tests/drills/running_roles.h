// tests/drills/running_roles.h: ingest's queue and the worker on their threads, as a process has
// them.
#ifndef CLV_TESTS_DRILLS_RUNNING_ROLES_H_
#define CLV_TESTS_DRILLS_RUNNING_ROLES_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/base/broadcast.h"
#include "services/aggregation/worker.h"
#include "services/ingest/write_queue.h"
#include "tests/drills/site.h"

namespace clv::drills {

// Folds in small transactions and, with `trims`, trims the log every few milliseconds.
class RunningRoles {
 public:
  static absl::StatusOr<std::unique_ptr<RunningRoles>> Start(const std::string& directory,
                                                             bool trims);
  // Answers what is queued, and ends after the fold that is under way.
  ~RunningRoles();

  ingest::WriteQueue& queue() { return *queue_; }
  aggregation::Worker& worker() { return *worker_; }
  // Waits until `position` is folded; whether it is, after a minute at most.
  bool WaitUntilFolded(storage::LogPosition position);

 private:
  explicit RunningRoles(const std::string& directory)
      : progress_({.path = StorePath(directory), .folded = &folded_}) {}

  Broadcast appended_;
  Broadcast folded_;
  std::unique_ptr<storage::SqliteEventLog> log_;
  std::unique_ptr<storage::SqliteClvStore> store_;
  storage::SqliteFoldProgress progress_;
  std::unique_ptr<aggregation::Worker> worker_;
  std::unique_ptr<ingest::WriteQueue> queue_;
};

}  // namespace clv::drills

#endif  // CLV_TESTS_DRILLS_RUNNING_ROLES_H_
