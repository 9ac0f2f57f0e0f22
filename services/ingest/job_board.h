// services/ingest/job_board.h: the jobs of ingest: long work that goes on after the call that
// started it.
#ifndef CLV_SERVICES_INGEST_JOB_BOARD_H_
#define CLV_SERVICES_INGEST_JOB_BOARD_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clv/v1/job.pb.h"
#include "common/base/clock.h"
#include "common/storage/storage.h"

namespace clv::ingest {

class JobBoard;

// What a job's work sees of its job. Thread-safe.
class JobProgress {
 public:
  const std::string& job_id() const { return job_id_; }

  // Changes fields of the job; id, kind, state, times and error are the board's own. What changes
  // is seen at once and stored every second and at the job's end; `store_now` stores it before the
  // call returns, so that a later process knows it.
  void Update(const std::function<void(v1::Job*)>& change, bool store_now = false);

  // The process ends: return soon, with CANCELLED when the work is not done.
  bool stopping() const { return stopping_; }

 private:
  friend class JobBoard;
  JobProgress(JobBoard* board, std::string job_id, const std::atomic<bool>& stopping)
      : board_(board), job_id_(std::move(job_id)), stopping_(stopping) {}

  JobBoard* const board_;
  const std::string job_id_;
  const std::atomic<bool>& stopping_;
};

// Runs jobs and keeps their records in the store. Jobs of one kind for one data source run one
// after another on a thread of their own, in the order of their start; others never wait for them,
// so that one that waits for the fold holds up nothing else. Thread-safe.
class JobBoard {
 public:
  struct Options {
    storage::JobStore* store = nullptr;  // must outlive the board
    const Clock* clock = nullptr;        // the same
    // Whether a job that an earlier process left unfinished can go on in this one. Null: none can.
    std::function<bool(const v1::Job&)> can_resume;
  };

  // Does a job. OK: it is done; else it ended by this error.
  using Work = std::function<absl::Status(JobProgress&)>;

  // Reads the store. Jobs that an earlier process left unfinished become errors, but for those that
  // can go on: they are listed by unfinished() and wait until Run is called for them.
  static absl::StatusOr<std::unique_ptr<JobBoard>> Open(Options options);

  // Tells the running jobs to stop and waits for them. A job that can go on in the next process
  // stays unfinished, others end by an error.
  ~JobBoard();

  JobBoard(const JobBoard&) = delete;
  JobBoard& operator=(const JobBoard&) = delete;

  // Notes a job, waiting, with the prototype's kind and data source, and its id or a new one. Only
  // then call Run, or do its work elsewhere and call Update and End.
  absl::StatusOr<v1::Job> Create(v1::Job prototype);

  // Lets a waiting or unfinished job begin. What `work` uses must outlive the board.
  void Run(const std::string& job_id, Work work);

  // Create and Run.
  absl::StatusOr<v1::Job> Start(v1::Job prototype, Work work);

  // Changes a job, as JobProgress::Update does.
  void Update(const std::string& job_id, const std::function<void(v1::Job*)>& change,
              bool store_now = false);

  // Ends a job whose work is done elsewhere.
  void End(const std::string& job_id, const absl::Status& status);

  // NOT_FOUND when there is none. The newest 1,000 are known.
  absl::StatusOr<v1::Job> GetJob(const std::string& job_id) const;

  // Newest first.
  std::vector<v1::Job> ListJobs(size_t limit) const;

  // Jobs that an earlier process left and that Run was not called for, oldest first.
  std::vector<v1::Job> unfinished() const;

  // The job when it has ended or `until` is over, whichever is earlier. NOT_FOUND as GetJob.
  absl::StatusOr<v1::Job> WaitUntilEnded(const std::string& job_id,
                                         std::chrono::steady_clock::time_point until) const;

 private:
  struct KeptJob {
    v1::Job job;
    std::chrono::steady_clock::time_point stored_at;
    bool is_left_over = false;  // by an earlier process
  };
  struct Task {
    std::string job_id;
    Work work;
  };
  struct Lane {
    std::deque<Task> queue;
    std::condition_variable wake;
    std::thread thread;
  };

  explicit JobBoard(Options options) : options_(std::move(options)) {}
  absl::Status ReadStore();
  void WorkOn(Lane* lane);
  absl::Status Store(const std::string& job_id);
  void StoreOrWarn(const std::string& job_id);

  const Options options_;
  mutable std::mutex mutex_;
  mutable std::condition_variable ended_;
  std::deque<KeptJob> jobs_;                            // newest first; guarded by mutex_
  std::map<std::string, std::unique_ptr<Lane>> lanes_;  // the same
  std::mutex store_mutex_;  // held while a job is stored, so that its newest state is stored last
  std::atomic<bool> stopping_ = false;
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_JOB_BOARD_H_
