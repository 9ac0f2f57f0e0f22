// services/aggregation/job_runner.h: verification and rebuilding as jobs, one at a time.
#ifndef CLV_SERVICES_AGGREGATION_JOB_RUNNER_H_
#define CLV_SERVICES_AGGREGATION_JOB_RUNNER_H_

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clv/v1/aggregation_service.pb.h"
#include "common/base/clock.h"
#include "common/storage/clv_store.h"
#include "common/storage/storage.h"
#include "services/aggregation/recompute.h"

namespace clv::aggregation {

// Runs jobs in the order of their start on a thread of its own and keeps their records in the
// store. Thread-safe.
class JobRunner {
 public:
  struct Options {
    storage::ClvStore* store = nullptr;  // must outlive the runner
    const Clock* clock = nullptr;        // the same
    std::string reporting_currency = "USD";
    // Opens the log for reading, and an empty scratch store that is gone with its pointer.
    std::function<absl::StatusOr<std::unique_ptr<storage::EventReader>>()> open_log;
    std::function<absl::StatusOr<std::shared_ptr<storage::ClvStore>>()> open_scratch;
    // Fits the prediction models, see ModelKeeper::FitNow; empty where there are none.
    std::function<absl::StatusOr<uint64_t>(bool cold, const std::function<bool(double)>& progress)>
        fit_model;
  };

  // Marks the jobs that an earlier process left unfinished as ended by an error, and starts the
  // thread.
  static absl::StatusOr<std::unique_ptr<JobRunner>> Start(Options options);

  // Ends after the slice that is under way; the running job becomes an error.
  ~JobRunner();

  absl::StatusOr<v1::Job> StartVerify(bool from_log);
  absl::StatusOr<v1::Job> StartRebuild();
  absl::StatusOr<v1::Job> StartFit(bool cold);

  // NOT_FOUND when there is none.
  absl::StatusOr<v1::Job> GetJob(const std::string& job_id) const;

  // A customer was erased: forgets the differences found so far, which may name him, and ends the
  // verification that is under way, whose copies do.
  void ForgetDifferences();

  // Newest first.
  std::vector<v1::Job> ListJobs(size_t limit) const;

 private:
  struct Work {
    std::string job_id;
    bool from_log = false;
    bool cold = false;
  };

  explicit JobRunner(Options options) : options_(std::move(options)) {}
  absl::Status LoadJobs();
  // `work` without its id.
  absl::StatusOr<v1::Job> Enqueue(v1::JobKind kind, Work work);
  void Run();
  void RunJob(const Work& work);
  absl::StatusOr<RecomputeProgress> Execute(v1::JobKind kind, bool from_log,
                                            const ReportProgress& report);
  // Ends the job by itself.
  void RunFit(const Work& work);
  void End(const std::string& job_id, const absl::Status& status,
           const std::function<void(v1::Job*)>& complete);
  // Changes a job in memory, and in the store when `keep`.
  void Update(const std::string& job_id, bool keep, const std::function<void(v1::Job*)>& change);

  const Options options_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<v1::Job> jobs_;  // newest first; guarded by mutex_
  std::deque<Work> queue_;    // guarded by mutex_
  std::atomic<bool> stopping_ = false;
  std::atomic<uint64_t> erasures_ = 0;
  std::thread thread_;
};

}  // namespace clv::aggregation

#endif  // CLV_SERVICES_AGGREGATION_JOB_RUNNER_H_
