// services/ingest/erasure.h: erasing customers: tombstone and record at once, the rest as a job.
#ifndef CLV_SERVICES_INGEST_ERASURE_H_
#define CLV_SERVICES_INGEST_ERASURE_H_

#include <chrono>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clv/v1/job.pb.h"
#include "common/base/clock.h"
#include "common/rpc/worker_pool.h"
#include "common/storage/clv_store.h"
#include "common/storage/storage.h"
#include "services/ingest/erased_customers.h"
#include "services/ingest/eraser.h"
#include "services/ingest/erasure_steps.h"
#include "services/ingest/job_board.h"
#include "services/ingest/write_queue.h"

namespace clv::ingest {

// OK for a text that a customer_id can be: 1 to 256 bytes of UTF-8 without control characters. Else
// INVALID_ARGUMENT, without the text.
absl::Status CheckCustomerId(const std::string& customer_id);

// Thread-safe. Everything in the options must outlive the jobs.
class Erasure final : public Eraser {
 public:
  struct Options {
    WriteQueue* queue = nullptr;
    const storage::EventLog* log = nullptr;  // for its thread-safe calls
    storage::ClvReader* facts = nullptr;
    ErasedCustomers* erased = nullptr;
    const ErasureSteps* steps = nullptr;
    JobBoard* jobs = nullptr;
    const Clock* clock = nullptr;
  };

  explicit Erasure(Options options) : options_(options) {}

  // See Eraser. UNAVAILABLE while the facts cannot be read.
  absl::StatusOr<v1::Job> StartErase(const std::string& customer_id) override;

  // Whether a job that an earlier process left goes on in this one: for JobBoard::Options.
  static bool CanResume(const v1::Job& job) { return job.kind() == v1::JOB_KIND_ERASE; }

  // Goes on with the erasures that an earlier process left open, also with those whose jobs are
  // lost. Once, at the start.
  absl::Status Resume();

  // Calls `done` exactly once, when the job has ended or `until` is over, with the job as it is
  // then; on another thread.
  void AwaitEnd(const v1::Job& job, std::chrono::steady_clock::time_point until,
                std::function<void(absl::StatusOr<v1::Job>)> done);

 private:
  absl::StatusOr<storage::LogPosition> Append(const std::string& customer_id);
  // The work of the job that belongs to the record at `position`. What may pass, such as a full
  // disk, is tried again until it does.
  JobBoard::Work WorkOn(storage::LogPosition position) const;

  const Options options_;
  // Not those of the calls: an erasure may wait for the fold for long.
  rpc::WorkerPool waiters_{{.threads = 2}};
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_ERASURE_H_
