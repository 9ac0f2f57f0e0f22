// services/ingest/write_queue.h: the one way into the event log.
//
// Writes wait in a bounded queue. One thread takes all that waits, appends it in one transaction
// (group commit: what arrives during a commit shares the next) and then answers everybody. The same
// thread keeps log and quarantine within their limits and runs what else must change the log, so
// that nothing else ever touches the log's writer.
#ifndef CLV_SERVICES_INGEST_WRITE_QUEUE_H_
#define CLV_SERVICES_INGEST_WRITE_QUEUE_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/metrics/metrics.h"
#include "common/storage/storage.h"
#include "services/ingest/batch_builder.h"
#include "services/ingest/erased_customers.h"
#include "services/ingest/refusal_tally.h"
#include "services/ingest/write_metrics.h"

namespace clv::ingest {

// What the log keeps.
enum class LogRetention {
  kAll,     // everything
  kFolded,  // what is not folded durably yet
};

// What became of a write.
struct Written {
  storage::LogPosition position = 0;  // of its last record; 0 when it has none
  uint64_t records = 0;               // their positions follow on each other
  uint64_t erased_rows = 0;           // valid rows dropped because their customer was erased since

  // For senders who want no more.
  operator storage::LogPosition() const { return position; }
};

// The queue before the log. Thread-safe.
class WriteQueue {
 public:
  struct Options {
    storage::EventLog* log = nullptr;           // must outlive the queue
    storage::FoldProgress* progress = nullptr;  // the same; null: the log is never trimmed
    const Clock* clock = nullptr;               // the same
    const ErasedCustomers* erased = nullptr;    // the same; null: nobody ever is
    LogRetention log_retention = LogRetention::kFolded;
    size_t max_bytes = 64 << 20;
    uint64_t max_rows = 2'000'000;
    // Where the last commit was of so many writes, the next one awaits others for as long as it
    // took, but no longer than this: mostly they come, and what a commit costs is shared by more.
    size_t least_gathered = 4;
    std::chrono::milliseconds longest_gathering{1};
    uint64_t max_quarantine_bytes = uint64_t{1} << 30;  // raw text for each data source
    std::chrono::milliseconds trim_interval{3'000};
    std::chrono::milliseconds quarantine_interval{60'000};
    metrics::Registry* metrics = nullptr;  // must outlive the queue; null: nothing is counted
  };

  // Receives what was written once all of it is durable, or UNAVAILABLE (nothing was written, try
  // again), DATA_LOSS, FAILED_PRECONDITION, INTERNAL from the log. Runs on the writing thread: it
  // must not block.
  using Done = std::function<void(absl::StatusOr<Written>)>;

  struct Status {
    uint64_t queued_rows = 0;    // not committed yet
    uint64_t queued_bytes = 0;   // about what these occupy
    uint64_t accepted_rows = 0;  // valid rows written since the start
    uint64_t refused_rows = 0;   // rows refused since the start
  };

  // What else is done with the log.
  using Task = std::function<absl::Status(storage::EventLog&)>;

  // Keeps the log from being trimmed while it lives. Must not outlive the queue.
  class TrimHold {
   public:
    TrimHold(TrimHold&& other) noexcept : queue_(std::exchange(other.queue_, nullptr)) {}
    TrimHold& operator=(TrimHold&&) = delete;
    ~TrimHold();

   private:
    friend class WriteQueue;
    explicit TrimHold(WriteQueue* queue) : queue_(queue) {}
    WriteQueue* queue_;
  };

  explicit WriteQueue(Options options);

  // Drains.
  ~WriteQueue();

  WriteQueue(const WriteQueue&) = delete;
  WriteQueue& operator=(const WriteQueue&) = delete;

  // Queues a write; when it returns OK `done` will be called exactly once, else never.
  // RESOURCE_EXHAUSTED when the queue is full (an empty queue takes a write of any size),
  // UNAVAILABLE after Drain.
  absl::Status Submit(PreparedWrite write, Done done);

  // The same, but waits until the queue has room. RESOURCE_EXHAUSTED when it has none by `until`.
  // Blocks, so it must not be called on the writing thread.
  absl::Status SubmitWhenRoom(PreparedWrite write, std::chrono::steady_clock::time_point until,
                              Done done);

  // Runs `task` on the writing thread in its turn, after the writes that were queued before and
  // before those that come later, and returns what it returns. Senders wait meanwhile: keep it
  // short. Blocks, so it must not be called on the writing thread. UNAVAILABLE after Drain: the
  // task has not run.
  absl::Status RunOnWriter(Task task);

  // From when it returns until the hold is gone, no record leaves the log. Holds add up.
  [[nodiscard]] TrimHold HoldTrimming();

  // Refuses new writes, waits until those that wait are written and answered, and ends the thread.
  // Calling it again does nothing.
  void Drain();

  Status status() const;

  // The rows put into quarantine since the start, by reason.
  const RefusalTally& refusals() const { return refusals_; }

 private:
  // A write, or a task.
  struct Waiting {
    PreparedWrite write;
    Done done;
    std::function<void(storage::EventLog&)> task;
    uint64_t erased_rows = 0;  // see Written
    absl::Status failure;      // of the write alone
  };
  using Instant = std::chrono::steady_clock::time_point;

  // With the mutex held: whether the write may be queued now; queueing it.
  absl::Status CheckRoom(const PreparedWrite& write) const;
  void Queue(PreparedWrite write, Done done);

  void Work();
  // Waits for more writes where that is worth it.
  void Gather(std::unique_lock<std::mutex>& lock);
  void Append(std::vector<Waiting> group);
  // Takes out what erased customers have in writes of before; answers those for which that fails.
  void DropErased(std::vector<Waiting>& group);
  void KeepLimits(Instant now);
  void TrimLog();

  const Options options_;
  const WriteMetrics metrics_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable room_;  // there may be some now
  std::vector<Waiting> queue_;
  size_t queued_bytes_ = 0;   // of what waits or is being written
  uint64_t queued_rows_ = 0;  // the same
  bool draining_ = false;
  bool is_gathering_ = false;
  std::atomic<uint64_t> accepted_rows_ = 0;
  std::atomic<uint64_t> refused_rows_ = 0;
  RefusalTally refusals_;
  std::mutex trim_mutex_;            // held while the log is trimmed
  int trim_holds_ = 0;               // guarded by trim_mutex_
  Instant next_trim_;                // of the writing thread
  Instant next_quarantine_;          // the same
  Instant::duration last_append_{};  // the same
  size_t last_group_ = 0;            // the same
  std::once_flag joined_;
  std::thread thread_;
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_WRITE_QUEUE_H_
