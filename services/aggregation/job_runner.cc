#include "services/aggregation/job_runner.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <optional>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"

namespace clv::aggregation {
namespace {

constexpr size_t kKeptJobs = 1000;

std::string NewJobId() {
  std::random_device random;
  return absl::StrFormat("job_%08x%08x", random(), random());
}

void CopyProgress(const RecomputeProgress& progress, v1::Job* job) {
  job->set_customers_done(progress.customers_done);
  job->set_customers_total(progress.customers_total);
  if (progress.customers_total > 0) {
    job->set_progress(std::min(1.0, static_cast<double>(progress.customers_done) /
                                        static_cast<double>(progress.customers_total)));
  }
  job->set_values_checked(progress.values_checked);
  job->set_difference_count(progress.difference_count);
  job->set_folded_position(progress.folded_position);
  job->clear_differences();
  for (const ValueDifference& difference : progress.differences) {
    v1::Difference* added = job->add_differences();
    added->set_subject(difference.subject);
    added->set_column(difference.column);
    added->set_stored(difference.stored);
    added->set_recomputed(difference.recomputed);
  }
}

storage::JobRecord ToRecord(const v1::Job& job) {
  v1::Job differences;
  *differences.mutable_differences() = job.differences();
  differences.set_model_version(job.model_version());
  storage::JobRecord record{.job_id = job.job_id(),
                            .kind = job.kind(),
                            .state = job.state(),
                            .created_at_seconds = job.create_time().seconds(),
                            .customers_done = job.customers_done(),
                            .customers_total = job.customers_total(),
                            .values_checked = job.values_checked(),
                            .difference_count = job.difference_count(),
                            .error = job.error(),
                            .folded_position = job.folded_position()};
  if (job.has_end_time()) record.ended_at_seconds = job.end_time().seconds();
  if (!google::protobuf::util::MessageToJsonString(differences, &record.differences).ok()) {
    record.differences = "{}";
  }
  return record;
}

v1::Job FromRecord(const storage::JobRecord& record) {
  v1::Job job;
  // The text is our own; one that cannot be read costs the list of differences only.
  (void)google::protobuf::util::JsonStringToMessage(record.differences, &job);
  job.set_job_id(record.job_id);
  job.set_kind(static_cast<v1::JobKind>(record.kind));
  job.set_state(static_cast<v1::JobState>(record.state));
  job.mutable_create_time()->set_seconds(record.created_at_seconds);
  if (record.ended_at_seconds) job.mutable_end_time()->set_seconds(*record.ended_at_seconds);
  job.set_customers_done(record.customers_done);
  job.set_customers_total(record.customers_total);
  job.set_values_checked(record.values_checked);
  job.set_difference_count(record.difference_count);
  job.set_error(record.error);
  job.set_folded_position(record.folded_position);
  if (job.state() == v1::JOB_STATE_DONE) job.set_progress(1);
  return job;
}

}  // namespace

absl::StatusOr<std::unique_ptr<JobRunner>> JobRunner::Start(Options options) {
  std::unique_ptr<JobRunner> runner(new JobRunner(std::move(options)));
  CLV_RETURN_IF_ERROR(runner->LoadJobs());
  runner->thread_ = std::thread([raw = runner.get()] { raw->Run(); });
  return runner;
}

JobRunner::~JobRunner() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

absl::Status JobRunner::LoadJobs() {
  CLV_ASSIGN_OR_RETURN(const auto records, options_.store->ListJobs(kKeptJobs));
  for (const storage::JobRecord& record : records) {
    v1::Job job = FromRecord(record);
    if (job.state() == v1::JOB_STATE_WAITING || job.state() == v1::JOB_STATE_WORKING) {
      job.set_state(v1::JOB_STATE_ERROR);
      job.set_error("the process ended before the job did");
      job.mutable_end_time()->set_seconds(options_.clock->NowSeconds());
      CLV_RETURN_IF_ERROR(options_.store->PutJob(ToRecord(job)));
    }
    jobs_.push_back(std::move(job));
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::Job> JobRunner::StartVerify(bool from_log) {
  if (from_log) {
    CLV_ASSIGN_OR_RETURN(const auto log, options_.open_log());
    CLV_ASSIGN_OR_RETURN(const storage::LogLag lag, log->LagAfter(0));
    if (lag.last_position > 0 && lag.first_retained_position != 1) {
      return absl::FailedPreconditionError(
          "from_log: the log does not reach back to its beginning; start with --log-retention=all "
          "to keep it whole");
    }
  }
  return Enqueue(v1::JOB_KIND_VERIFY, {.job_id = {}, .from_log = from_log});
}

absl::StatusOr<v1::Job> JobRunner::StartRebuild() { return Enqueue(v1::JOB_KIND_REBUILD, {}); }

absl::StatusOr<v1::Job> JobRunner::StartFit(bool cold) {
  return Enqueue(v1::JOB_KIND_FIT_MODEL, {.job_id = {}, .cold = cold});
}

absl::StatusOr<v1::Job> JobRunner::Enqueue(v1::JobKind kind, Work work) {
  v1::Job job;
  job.set_job_id(NewJobId());
  job.set_kind(kind);
  job.set_state(v1::JOB_STATE_WAITING);
  job.mutable_create_time()->set_seconds(options_.clock->NowSeconds());
  CLV_RETURN_IF_ERROR(options_.store->PutJob(ToRecord(job)));
  {
    std::lock_guard lock(mutex_);
    jobs_.push_front(job);
    if (jobs_.size() > kKeptJobs) jobs_.pop_back();
    work.job_id = job.job_id();
    queue_.push_back(std::move(work));
  }
  wake_.notify_all();
  return job;
}

absl::StatusOr<v1::Job> JobRunner::GetJob(const std::string& job_id) const {
  std::lock_guard lock(mutex_);
  const auto found = std::find_if(jobs_.begin(), jobs_.end(),
                                  [&](const v1::Job& job) { return job.job_id() == job_id; });
  if (found == jobs_.end()) {
    return absl::NotFoundError(absl::StrCat("job_id: there is no job \"", job_id, "\""));
  }
  return *found;
}

std::vector<v1::Job> JobRunner::ListJobs(size_t limit) const {
  std::lock_guard lock(mutex_);
  return {jobs_.begin(), jobs_.begin() + std::min(limit, jobs_.size())};
}

void JobRunner::Run() {
  while (true) {
    Work work;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
      if (stopping_) return;
      work = queue_.front();
      queue_.pop_front();
    }
    RunJob(work);
  }
}

void JobRunner::RunJob(const Work& work) {
  v1::JobKind kind = v1::JOB_KIND_UNSPECIFIED;
  Update(work.job_id, /*keep=*/true, [&](v1::Job* job) {
    job->set_state(v1::JOB_STATE_WORKING);
    kind = job->kind();
  });
  if (kind == v1::JOB_KIND_FIT_MODEL) return RunFit(work);
  const uint64_t erasures = erasures_;
  const auto is_outdated = [&] { return kind == v1::JOB_KIND_VERIFY && erasures != erasures_; };
  auto result = Execute(kind, work.from_log, [&](const RecomputeProgress& progress) {
    Update(work.job_id, /*keep=*/false, [&](v1::Job* job) { CopyProgress(progress, job); });
    return !stopping_ && !is_outdated();
  });
  if (is_outdated()) {
    result = absl::AbortedError("a customer was erased meanwhile; start the verification again");
  }
  End(work.job_id, result.status(), [&](v1::Job* job) { CopyProgress(*result, job); });
  if (result.ok() && result->difference_count > 0) {
    spdlog::error("{}: {} differences", work.job_id, result->difference_count);
  }
}

void JobRunner::RunFit(const Work& work) {
  absl::StatusOr<uint64_t> version = absl::UnimplementedError("there are no models here");
  if (options_.fit_model) {
    version = options_.fit_model(work.cold, [&](double share) {
      Update(work.job_id, /*keep=*/false, [&](v1::Job* job) { job->set_progress(share); });
      return !stopping_;
    });
  }
  End(work.job_id, version.status(), [&](v1::Job* job) { job->set_model_version(*version); });
}

void JobRunner::End(const std::string& job_id, const absl::Status& status,
                    const std::function<void(v1::Job*)>& complete) {
  Update(job_id, /*keep=*/true, [&](v1::Job* job) {
    job->mutable_end_time()->set_seconds(options_.clock->NowSeconds());
    if (status.ok()) {
      complete(job);
      job->set_progress(1);
      job->set_state(v1::JOB_STATE_DONE);
    } else {
      job->clear_differences();
      job->set_state(v1::JOB_STATE_ERROR);
      job->set_error(std::string(status.message()));
    }
  });
}

absl::StatusOr<RecomputeProgress> JobRunner::Execute(v1::JobKind kind, bool from_log,
                                                     const ReportProgress& report) {
  if (kind == v1::JOB_KIND_REBUILD) return Rebuild(*options_.store, report);
  CLV_ASSIGN_OR_RETURN(RecomputeProgress progress, VerifyFromFacts(*options_.store, report));
  if (!from_log) return progress;
  CLV_ASSIGN_OR_RETURN(const auto log, options_.open_log());
  CLV_ASSIGN_OR_RETURN(const auto scratch, options_.open_scratch());
  CLV_ASSIGN_OR_RETURN(
      RecomputeProgress replayed,
      VerifyFromLog(*options_.store, *log, *scratch, options_.reporting_currency, report));
  replayed.values_checked += progress.values_checked;
  replayed.difference_count += progress.difference_count;
  replayed.differences.insert(replayed.differences.begin(), progress.differences.begin(),
                              progress.differences.end());
  return replayed;
}

void JobRunner::ForgetDifferences() {
  ++erasures_;
  std::lock_guard lock(mutex_);
  for (v1::Job& job : jobs_) job.clear_differences();
}

void JobRunner::Update(const std::string& job_id, bool keep,
                       const std::function<void(v1::Job*)>& change) {
  std::optional<v1::Job> changed;
  {
    std::lock_guard lock(mutex_);
    for (v1::Job& job : jobs_) {
      if (job.job_id() != job_id) continue;
      change(&job);
      changed = job;
    }
  }
  if (!keep || !changed) return;
  if (absl::Status kept = options_.store->PutJob(ToRecord(*changed)); !kept.ok()) {
    spdlog::warn("{} could not be stored: {}", job_id, std::string(kept.message()));
  }
}

}  // namespace clv::aggregation
