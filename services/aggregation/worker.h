// services/aggregation/worker.h: the thread that folds the log, and the one that makes folds
// durable.
#ifndef CLV_SERVICES_AGGREGATION_WORKER_H_
#define CLV_SERVICES_AGGREGATION_WORKER_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/demand.h"
#include "common/base/other_thread.h"
#include "common/metrics/metrics.h"
#include "common/storage/clv_store.h"
#include "common/storage/storage.h"
#include "services/aggregation/announcements.h"
#include "services/aggregation/row_gathering.h"

namespace clv::aggregation {

// Folds what the log holds beyond the checkpoint, in transactions of many records under load and of
// few when idle, until stopped. It never dies of a bad event: that becomes a dead letter. It stops
// folding on DATA_LOSS and FAILED_PRECONDITION only, and says why; every other error is tried
// again.
class Worker {
 public:
  struct Options {
    storage::ClvStore* store = nullptr;  // must outlive the worker
    // Opens the log for reading; called again until it succeeds.
    std::function<absl::StatusOr<std::unique_ptr<storage::EventReader>>()> open_log;
    std::string reporting_currency = "USD";
    // Some 80 bytes each.
    uint64_t max_rows_per_fold = GatheringOptions().max_rows;
    // The last position that the projection has applied or need not apply for anybody who asks, as
    // far as it can be told; may be empty.
    std::function<storage::LogPosition()> applied;
    // Held by everybody who waits for a fold: while nobody does, folds of single records may be a
    // little apart. Null: somebody may always wait.
    Demand* awaited = nullptr;
    metrics::Registry* metrics = nullptr;  // must outlive the worker; null: nothing is counted
    // Called after a fold that removed a customer, on the worker's thread; may be empty.
    std::function<void()> on_erasure;
  };
  explicit Worker(Options options);
  ~Worker();

  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void Start();
  // Ends after the fold that is under way. Calling it again does nothing.
  void Stop();

  // Rows folded by this worker.
  uint64_t folded_rows() const { return folded_rows_; }

  // Whether a fold is under way: what it took from the log is not in the store yet. Thread-safe.
  bool is_folding() const { return is_folding_; }

  // Why the worker has stopped folding; empty when it has not. Thread-safe.
  std::string stopped_because() const;

 private:
  void Run();
  // One fold; the number of records it took, 0 when there was nothing.
  absl::StatusOr<uint64_t> FoldOnce();
  storage::LogPosition AppliedPosition() const { return options_.applied ? options_.applied() : 0; }
  absl::Status Announce(storage::LogPosition position);
  // What can be.
  absl::Status AnnounceDue();
  // See GatheringOptions.
  std::function<void()> Linger();
  // In the log, or for something else to do.
  void WaitForMore();
  // There is a fold that is not durable yet.
  void NoteFold();
  // The other thread: makes folds durable that were not for long, or when they pause.
  void KeepDurable();
  // Tries to remove what erasures left in the files, and publishes their outcomes.
  void Scrub();
  // Keeps the reason when the error is final, else waits a little. Returns whether to go on.
  bool Recover(const absl::Status& error);

  const Options options_;
  const metrics::Histogram fold_duration_;
  const metrics::Counter failed_folds_;
  std::unique_ptr<storage::EventReader> log_;
  std::chrono::milliseconds retry_wait_;
  std::chrono::steady_clock::time_point last_gathered_;
  // An earlier process may have ended between a fold and its scrubbing.
  bool scrub_is_due_ = true;
  uint64_t rows_of_last_fold_ = 0;
  Announcements announcements_;
  bool are_announcements_known_ = false;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> is_folding_ = false;
  std::atomic<uint64_t> folded_rows_ = 0;
  mutable std::mutex mutex_;
  std::string stopped_because_;  // guarded by mutex_, as the next two
  bool are_durable_ = true;      // all folds, or they are being made so
  bool is_durable_due_ = false;  // without waiting for a pause
  std::chrono::steady_clock::time_point last_fold_;
  std::condition_variable keeper_wakes_;
  std::unique_ptr<OtherThread> urgent_;  // does not give way
  std::thread thread_;
  std::thread keeper_;
};

}  // namespace clv::aggregation

#endif  // CLV_SERVICES_AGGREGATION_WORKER_H_
