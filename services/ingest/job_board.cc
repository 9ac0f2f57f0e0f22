#include "services/ingest/job_board.h"

#include <algorithm>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"

namespace clv::ingest {
namespace {

constexpr size_t kKnownJobs = 1'000;
constexpr std::chrono::seconds kStoreInterval{1};
constexpr char kProcessEnded[] = "the process ended before the job did";

std::string NewJobId() {
  std::random_device random;
  return absl::StrFormat("job_%08x%08x", random(), random());
}

bool HasEnded(const v1::Job& job) {
  return job.state() == v1::JOB_STATE_DONE || job.state() == v1::JOB_STATE_ERROR;
}

void SetTime(int64_t micros, google::protobuf::Timestamp* time) {
  time->set_seconds(micros / 1'000'000);
  time->set_nanos(static_cast<int32_t>(micros % 1'000'000) * 1'000);
}

// Null when there is none.
template <typename Jobs>
auto* FindIn(Jobs& jobs, const std::string& job_id) {
  const auto found = std::find_if(jobs.begin(), jobs.end(),
                                  [&](const auto& kept) { return kept.job.job_id() == job_id; });
  return found == jobs.end() ? nullptr : &*found;
}

}  // namespace

void JobProgress::Update(const std::function<void(v1::Job*)>& change, bool store_now) {
  board_->Update(job_id_, change, store_now);
}

absl::StatusOr<std::unique_ptr<JobBoard>> JobBoard::Open(Options options) {
  std::unique_ptr<JobBoard> board(new JobBoard(std::move(options)));
  CLV_RETURN_IF_ERROR(board->ReadStore());
  return board;
}

absl::Status JobBoard::ReadStore() {
  CLV_ASSIGN_OR_RETURN(const std::vector<storage::StoredJob> stored,
                       options_.store->ListJobs(kKnownJobs));
  std::vector<std::string> lost;
  for (const storage::StoredJob& entry : stored) {
    KeptJob kept;
    if (!kept.job.ParseFromString(entry.job)) {
      return absl::DataLossError(absl::StrCat("the record of ", entry.job_id, " is damaged"));
    }
    if (!HasEnded(kept.job)) {
      kept.is_left_over = options_.can_resume && options_.can_resume(kept.job);
      if (!kept.is_left_over) lost.push_back(entry.job_id);
    }
    jobs_.push_back(std::move(kept));
  }
  for (const std::string& job_id : lost) End(job_id, absl::AbortedError(kProcessEnded));
  return absl::OkStatus();
}

JobBoard::~JobBoard() {
  std::vector<Lane*> lanes;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const auto& [name, lane] : lanes_) {
      lanes.push_back(lane.get());
      lane->wake.notify_all();
    }
  }
  for (Lane* lane : lanes) {
    if (lane->thread.joinable()) lane->thread.join();
  }
  for (Lane* lane : lanes) {
    for (const Task& task : lane->queue) End(task.job_id, absl::CancelledError(kProcessEnded));
  }
}

absl::StatusOr<v1::Job> JobBoard::Create(v1::Job prototype) {
  if (prototype.job_id().empty()) prototype.set_job_id(NewJobId());
  prototype.set_state(v1::JOB_STATE_WAITING);
  SetTime(options_.clock->NowMicros(), prototype.mutable_create_time());
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return absl::UnavailableError("ingest is shutting down; try again");
    jobs_.push_front({.job = prototype});
    if (jobs_.size() > kKnownJobs && HasEnded(jobs_.back().job)) jobs_.pop_back();
  }
  if (absl::Status stored = Store(prototype.job_id()); !stored.ok()) {
    std::lock_guard lock(mutex_);
    std::erase_if(jobs_,
                  [&](const KeptJob& kept) { return kept.job.job_id() == prototype.job_id(); });
    return stored;
  }
  return prototype;
}

void JobBoard::Run(const std::string& job_id, Work work) {
  std::lock_guard lock(mutex_);
  auto* const kept = FindIn(jobs_, job_id);
  if (kept == nullptr) return;
  kept->is_left_over = false;
  std::unique_ptr<Lane>& lane =
      lanes_[absl::StrCat(v1::JobKind_Name(kept->job.kind()), " ", kept->job.data_source())];
  if (lane == nullptr) {
    lane = std::make_unique<Lane>();
    if (!stopping_) lane->thread = std::thread([this, raw = lane.get()] { WorkOn(raw); });
  }
  lane->queue.push_back({job_id, std::move(work)});
  lane->wake.notify_one();
}

absl::StatusOr<v1::Job> JobBoard::Start(v1::Job prototype, Work work) {
  CLV_ASSIGN_OR_RETURN(v1::Job job, Create(std::move(prototype)));
  Run(job.job_id(), std::move(work));
  return job;
}

void JobBoard::WorkOn(Lane* lane) {
  while (true) {
    Task task;
    {
      std::unique_lock lock(mutex_);
      lane->wake.wait(lock, [&] { return stopping_ || !lane->queue.empty(); });
      if (stopping_) return;
      task = std::move(lane->queue.front());
      lane->queue.pop_front();
    }
    Update(
        task.job_id, [](v1::Job* job) { job->set_state(v1::JOB_STATE_WORKING); },
        /*store_now=*/true);
    JobProgress progress(this, task.job_id, stopping_);
    End(task.job_id, task.work(progress));
  }
}

void JobBoard::End(const std::string& job_id, const absl::Status& status) {
  {
    std::lock_guard lock(mutex_);
    auto* const kept = FindIn(jobs_, job_id);
    if (kept == nullptr) return;
    v1::Job& job = kept->job;
    const bool goes_on =
        absl::IsCancelled(status) && stopping_ && options_.can_resume && options_.can_resume(job);
    if (!goes_on) {
      SetTime(options_.clock->NowMicros(), job.mutable_end_time());
      job.set_state(status.ok() ? v1::JOB_STATE_DONE : v1::JOB_STATE_ERROR);
      if (status.ok()) {
        job.set_progress(1);
      } else {
        job.set_error(stopping_ && absl::IsCancelled(status) ? kProcessEnded
                                                             : std::string(status.message()));
      }
    }
  }
  ended_.notify_all();
  StoreOrWarn(job_id);
}

void JobBoard::Update(const std::string& job_id, const std::function<void(v1::Job*)>& change,
                      bool store_now) {
  {
    std::lock_guard lock(mutex_);
    auto* const kept = FindIn(jobs_, job_id);
    if (kept == nullptr) return;
    change(&kept->job);
    if (!store_now && std::chrono::steady_clock::now() - kept->stored_at < kStoreInterval) return;
  }
  StoreOrWarn(job_id);
}

absl::Status JobBoard::Store(const std::string& job_id) {
  std::lock_guard storing(store_mutex_);
  storage::StoredJob stored{.job_id = job_id};
  {
    std::lock_guard lock(mutex_);
    auto* const kept = FindIn(jobs_, job_id);
    if (kept == nullptr) return absl::OkStatus();
    kept->stored_at = std::chrono::steady_clock::now();
    stored.created_at_seconds = kept->job.create_time().seconds();
    stored.job = kept->job.SerializeAsString();
  }
  return options_.store->PutJob(stored);
}

void JobBoard::StoreOrWarn(const std::string& job_id) {
  if (absl::Status stored = Store(job_id); !stored.ok()) {
    spdlog::warn("{} could not be stored: {}", job_id, std::string(stored.message()));
  }
}

absl::StatusOr<v1::Job> JobBoard::GetJob(const std::string& job_id) const {
  std::lock_guard lock(mutex_);
  const auto* const kept = FindIn(jobs_, job_id);
  if (kept == nullptr) {
    return absl::NotFoundError(absl::StrCat("job_id: there is no job \"", job_id, "\""));
  }
  return kept->job;
}

std::vector<v1::Job> JobBoard::ListJobs(size_t limit) const {
  std::lock_guard lock(mutex_);
  std::vector<v1::Job> jobs;
  for (const KeptJob& kept : jobs_) {
    if (jobs.size() >= limit) break;
    jobs.push_back(kept.job);
  }
  return jobs;
}

std::vector<v1::Job> JobBoard::unfinished() const {
  std::lock_guard lock(mutex_);
  std::vector<v1::Job> jobs;
  for (auto kept = jobs_.rbegin(); kept != jobs_.rend(); ++kept) {
    if (kept->is_left_over) jobs.push_back(kept->job);
  }
  return jobs;
}

absl::StatusOr<v1::Job> JobBoard::WaitUntilEnded(
    const std::string& job_id, std::chrono::steady_clock::time_point until) const {
  std::unique_lock lock(mutex_);
  ended_.wait_until(lock, until, [&] {
    const auto* const kept = FindIn(jobs_, job_id);
    return kept == nullptr || HasEnded(kept->job);
  });
  const auto* const kept = FindIn(jobs_, job_id);
  if (kept == nullptr) return absl::NotFoundError(absl::StrCat("there is no job ", job_id));
  return kept->job;
}

}  // namespace clv::ingest
