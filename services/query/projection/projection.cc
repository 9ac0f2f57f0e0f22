#include "services/query/projection/projection.h"

#include <algorithm>
#include <utility>

#include "common/base/status_macros.h"

namespace clv::query {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLongestWait(20);
constexpr std::chrono::milliseconds kPauseWithoutStore(20);
// Between two applies that nobody asked for: leaves the cores to those who write and ask.
constexpr std::chrono::milliseconds kLeastPause(2);
constexpr int kPausePerApply = 3;

}  // namespace

Projection::Projection(std::unique_ptr<storage::ProjectionSource> source,
                       std::unique_ptr<storage::ChangeWatch> watch)
    : source_(std::move(source)), watch_(std::move(watch)), follower_([this] { Follow(); }) {}

Projection::~Projection() {
  {
    std::lock_guard lock(stop_mutex_);
    is_stopping_ = true;
  }
  stopping_.notify_all();
  follower_.join();
}

Projection::Published Projection::LastPublished() {
  std::lock_guard lock(published_mutex_);
  return published_;
}

absl::StatusOr<std::shared_ptr<const ProjectionVersion>> Projection::Newest(Deadline deadline) {
  const uint64_t begun_before = applies_begun_.load();
  CLV_ASSIGN_OR_RETURN(const int64_t watched, watch_->Version());
  Published last = LastPublished();
  if (last.version != nullptr && last.watched == watched) return std::move(last.version);
  std::unique_lock apply(apply_mutex_, std::defer_lock);
  if (deadline == Deadline::max()) {
    apply.lock();
  } else if (!apply.try_lock_until(deadline)) {
    return absl::DeadlineExceededError("the deadline passed before the newest state was read");
  }
  last = LastPublished();
  if (last.version != nullptr && last.apply > begun_before) return std::move(last.version);
  CLV_RETURN_IF_ERROR(Apply());
  return LastPublished().version;
}

absl::Status Projection::Apply() {
  Published next;
  next.apply = ++applies_begun_;
  CLV_ASSIGN_OR_RETURN(next.watched, watch_->Version());
  CLV_ASSIGN_OR_RETURN(const std::unique_ptr<storage::ProjectionReading> reading, source_->Read());
  if (reading->reporting_currency().empty()) {
    return absl::UnavailableError("the store has no reporting currency yet");
  }
  CLV_ASSIGN_OR_RETURN(next.version, builder_.Advance(*reading));
  std::lock_guard lock(published_mutex_);
  // The last version may be the last to go with it: not under the lock.
  std::swap(published_, next);
  return absl::OkStatus();
}

void Projection::Follow() {
  do {
    watch_->WaitBeyond(LastPublished().watched, kLongestWait);
    const absl::StatusOr<int64_t> watched = watch_->Version();
    if (!watched.ok()) {
      if (!Pause(kPauseWithoutStore)) return;
      continue;
    }
    if (LastPublished().watched == *watched) continue;
    const steady_clock::time_point begin = steady_clock::now();
    absl::Status status;
    {
      std::lock_guard apply(apply_mutex_);
      status = Apply();
    }
    const auto took = steady_clock::now() - begin;
    const auto pause = status.ok()
                           ? std::max<std::chrono::nanoseconds>(kLeastPause, took * kPausePerApply)
                           : std::chrono::nanoseconds(kPauseWithoutStore);
    if (!Pause(pause)) return;
  } while (Pause(std::chrono::nanoseconds::zero()));
}

bool Projection::Pause(std::chrono::nanoseconds time) {
  std::unique_lock lock(stop_mutex_);
  return !stopping_.wait_for(lock, time, [this] { return is_stopping_; });
}

}  // namespace clv::query
