// services/ingest/erasure_steps.h: what follows in ingest when the record of an erasure is in the
// log.
//
// The record tells of the erasure until every trace is gone; each step may be done again. So an
// erasure that was interrupted anywhere is run again from the first step.
#ifndef CLV_SERVICES_INGEST_ERASURE_STEPS_H_
#define CLV_SERVICES_INGEST_ERASURE_STEPS_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/storage/clv_store.h"
#include "common/storage/storage.h"
#include "common/wire/log_codec.h"
#include "services/ingest/log_removal.h"
#include "services/ingest/write_queue.h"

namespace clv::ingest {

// Thread-safe. Everything in the options must outlive the steps.
class ErasureSteps {
 public:
  using OpenLog = std::function<absl::StatusOr<std::unique_ptr<storage::EventReader>>()>;

  struct Options {
    WriteQueue* queue = nullptr;
    const storage::EventLog* log = nullptr;  // for its thread-safe calls
    OpenLog open_log;
    storage::FoldProgress* progress = nullptr;
    storage::ClvReader* facts = nullptr;
    storage::QuarantineReader* quarantine = nullptr;
    std::timed_mutex* log_content = nullptr;  // see BackupJob::Options
    // How long the write-ahead file of the log is waited for when readers hold it.
    std::chrono::milliseconds scrub_timeout{60'000};
  };

  struct Counts {
    uint64_t removed_rows = 0;  // facts
    uint64_t removed_log_rows = 0;
    uint64_t removed_quarantined_rows = 0;
  };

  // Who watches a run.
  struct Watch {
    std::function<bool()> is_stopping;                             // true: give up soon
    std::function<void(double progress, const Counts&)> progress;  // after each step
  };

  explicit ErasureSteps(Options options) : options_(std::move(options)) {}

  // Waits until the erasure whose record lies at `position` is folded and its facts are gone from
  // the files, takes the customer out of the quarantine and of all records before, and finishes the
  // erasure. CANCELLED when told to stop, UNAVAILABLE when readers hold the log's write-ahead file
  // for too long; then it is to be run again.
  absl::Status Run(storage::LogPosition position, const Watch& watch) const;

 private:
  class OneRun;

  const Options options_;
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_ERASURE_STEPS_H_
