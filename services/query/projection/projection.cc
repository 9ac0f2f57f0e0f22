#include "services/query/projection/projection.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "common/base/status_macros.h"
#include "common/base/thread_priority.h"
#include "services/query/projection/coming_reading.h"

namespace clv::query {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLongestWait(20);
constexpr std::chrono::milliseconds kPauseWithoutStore(20);
// Versions that wait for the follower to free them: what each alone holds adds up under load.
constexpr size_t kMostRetired = 1;
constexpr std::chrono::milliseconds kPauseInLoad(100);

// Who asks may make an apply like the last one on a thread that others need.
constexpr std::chrono::milliseconds kQuickApply(2);

// A snapshot is written when nothing has happened for a while, and now and then all the same.
constexpr std::chrono::seconds kQuiet(2);
constexpr std::chrono::seconds kLeastBetweenSnapshots(20);
constexpr std::chrono::minutes kLongestWithoutSnapshot(5);

bool Holds(const ProjectionVersion& version, const storage::AnnouncedState& announced) {
  return version.folded_position >= announced.folded_position &&
         version.last_change >= announced.last_change && version.scoring == announced.scoring;
}

}  // namespace

Projection::Projection(std::unique_ptr<storage::ProjectionSource> source,
                       std::unique_ptr<storage::ChangeWatch> watch, Options options)
    : source_(std::move(source)),
      watch_(std::move(watch)),
      options_(std::move(options)),
      shown_position_(options_.position_path.empty()
                          ? std::nullopt
                          : std::optional<ShownNumber>(std::in_place, options_.position_path)),
      follower_([this] { Follow(); }) {
  if (options_.coming == nullptr) return;
  options_.coming->StartFollowing();
  foreseer_ = std::thread([this] { Foresee(); });
}

Projection::~Projection() {
  {
    std::lock_guard lock(stop_mutex_);
    is_stopping_ = true;
  }
  stopping_.notify_all();
  if (options_.coming != nullptr) {
    options_.coming->StopFollowing();
    foreseer_.join();
  }
  follower_.join();
  shown_position_.reset();
  // What came since the last pause would be applied by the next start, which somebody waits for.
  if (!options_.snapshot_path.empty() && LastPublished().version != nullptr) {
    WithAllCommitted(Deadline::max()).status().IgnoreError();
  }
  KeepSnapshot();
}

Projection::Published Projection::LastPublished() {
  std::lock_guard lock(published_mutex_);
  return published_;
}

Projection::InSnapshot Projection::LastInSnapshot() {
  std::lock_guard lock(published_mutex_);
  return in_snapshot_;
}

void Projection::SetInSnapshot(const ProjectionVersion& version) {
  std::lock_guard lock(published_mutex_);
  in_snapshot_ = {version.last_change, version.scoring};
}

absl::StatusOr<std::shared_ptr<const ProjectionVersion>> Projection::Newest(Deadline deadline) {
  std::optional<storage::AnnouncedState> announced;
  return LastOrNext(deadline, [&](const ProjectionVersion& version) -> absl::StatusOr<bool> {
    if (!announced) {
      CLV_ASSIGN_OR_RETURN(announced, watch_->Announced());
    }
    return Holds(version, *announced);
  });
}

absl::StatusOr<std::shared_ptr<const ProjectionVersion>> Projection::WithAllCommitted(
    Deadline deadline) {
  return LastOrNext(deadline, [](const ProjectionVersion& /*version*/) { return false; });
}

absl::StatusOr<std::shared_ptr<const ProjectionVersion>> Projection::LastOrNext(
    Deadline deadline, absl::FunctionRef<absl::StatusOr<bool>(const ProjectionVersion&)> suffices) {
  const uint64_t begun_before = applies_begun_.load();
  if (!is_asked_.load(std::memory_order_relaxed)) is_asked_ = true;
  if (options_.coming != nullptr) options_.coming->Want();
  CLV_ASSIGN_OR_RETURN(const int64_t watched, watch_->Version());
  Published last = LastPublished();
  if (last.version != nullptr) {
    if (last.watched == watched) return std::move(last.version);
    CLV_ASSIGN_OR_RETURN(const bool is_enough, suffices(*last.version));
    if (is_enough) return std::move(last.version);
  }
  std::unique_lock apply(apply_mutex_, std::defer_lock);
  if (deadline == Deadline::max()) {
    apply.lock();
  } else if (!apply.try_lock_until(deadline)) {
    return absl::DeadlineExceededError("the deadline passed before the newest state was read");
  }
  last = LastPublished();
  if (last.version != nullptr) {
    if (last.apply > begun_before) return std::move(last.version);
    CLV_ASSIGN_OR_RETURN(const bool is_enough, suffices(*last.version));
    if (is_enough) return std::move(last.version);
  }
  CLV_RETURN_IF_ERROR(Apply(true));
  return LastPublished().version;
}

bool Projection::IsNewest(const ProjectionVersion& version) {
  const absl::StatusOr<int64_t> watched = watch_->Version();
  const Published last = LastPublished();
  return watched.ok() && last.version.get() == &version && last.watched == *watched;
}

void Projection::OnLoad(std::function<void(uint64_t serial)> loaded) {
  std::lock_guard lock(published_mutex_);
  loaded_ = std::move(loaded);
}

ProjectionSize Projection::Size() {
  ProjectionSize size;
  std::error_code error;
  const auto snapshot_bytes = std::filesystem::file_size(options_.snapshot_path, error);
  if (!error) size.snapshot_bytes = snapshot_bytes;
  const std::shared_ptr<const ProjectionVersion> version = LastPublished().version;
  if (version == nullptr) return size;
  size.versions = version->serial;
  size.customers = version->customers;
  const PopulationIndex& population = *version->population;
  size.memory_bytes = version->ids->bytes() + population.by_spend.bytes() +
                      population.first.bytes() + population.last.bytes() +
                      population.purchase_count.bytes() + population.unconverted.bytes() +
                      population.values.bytes();
  for (const KeptWindow& kept : version->windows) size.memory_bytes += kept.sums->bytes();
  for (size_t c = 0; c < version->chunks.size(); ++c) {
    const CustomerChunk& chunk = version->chunks[c];
    size.memory_bytes += sizeof(chunk) + chunk.bytes_beside();
    for (const auto& block : chunk.orders) {
      if (block == nullptr) continue;
      size.orders += block->size();
      size.memory_bytes += block->bytes();
    }
  }
  return size;
}

absl::Status Projection::Apply(bool is_asked_for) {
  const steady_clock::time_point began = steady_clock::now();
  Published next;
  next.apply = ++applies_begun_;
  CLV_ASSIGN_OR_RETURN(next.watched, watch_->Version());
  CLV_ASSIGN_OR_RETURN(const std::unique_ptr<storage::ProjectionReading> reading, source_->Read());
  if (reading->reporting_currency().empty()) {
    return absl::UnavailableError("the store has no reporting currency yet");
  }
  if (!has_started_) StartFromSnapshot(*reading);
  if (const auto last = LastPublished().version; last != nullptr && !is_asked_for) {
    CLV_ASSIGN_OR_RETURN(const bool are_many, reading->AreManyChangedAfter(last->last_change));
    if (are_many) return absl::OkStatus();
  }
  const absl::StatusOr<std::shared_ptr<const ProjectionVersion>> version =
      builder_.Advance(*reading);
  const bool is_load = loads_.exchange(builder_.loads()) != builder_.loads();
  if (is_load) RemoveSnapshot(options_.snapshot_path);
  CLV_RETURN_IF_ERROR(version.status());
  next.version = *version;
  Publish(std::move(next), is_load);
  is_quick_ = last_apply_.load() - began <= kQuickApply;
  return absl::OkStatus();
}

void Projection::Publish(Published next, bool is_load) {
  last_apply_ = steady_clock::now();
  const uint64_t serial = next.version->serial;
  std::function<void(uint64_t)> loaded;
  std::vector<std::shared_ptr<const ProjectionVersion>> crowd;
  {
    std::lock_guard lock(published_mutex_);
    std::swap(published_, next);
    retired_.push_back(std::move(next.version));
    if (retired_.size() > kMostRetired) crowd.swap(retired_);
    if (is_load) loaded = loaded_;
  }
  if (loaded) loaded(serial);
}

void Projection::Foresee() {
  uint64_t last = 0;
  while (const auto fold = options_.coming->WaitForFold(last)) {
    last = fold->number;
    ForeseeFold(*fold);
  }
}

void Projection::ForeseeFold(const storage::ComingChanges::Fold& fold) {
  const std::unique_lock apply(apply_mutex_, std::try_to_lock);
  if (!apply.owns_lock()) return;
  Published next = LastPublished();
  if (next.version == nullptr || next.version->last_change != fold.base.change) return;
  ComingReading reading(*options_.coming, fold, *next.version);
  if (!builder_.Foresee(reading).ok()) return;
  const bool is_committed = options_.coming->IsCommitted(fold.number);
  next.version = builder_.Settle(is_committed);
  if (!is_committed) return;
  // Whether something else was committed since is not known: the next look at the watch tells that
  // of the version. For the same reason it counts for no apply.
  next.watched = -1;
  Publish(std::move(next), false);
  is_quick_ = true;
}

void Projection::StartFromSnapshot(const storage::ProjectionReading& reading) {
  has_started_ = true;
  if (options_.snapshot_path.empty()) return;
  absl::StatusOr<ProjectionBase> base = ReadSnapshot(options_.snapshot_path);
  if (absl::IsNotFound(base.status())) return;
  const auto version = base.ok() ? base->version : nullptr;
  if (base.ok() && builder_.Adopt(*std::move(base), reading)) {
    SetInSnapshot(*version);
  } else {
    RemoveSnapshot(options_.snapshot_path);
  }
}

void Projection::FreeRetired() {
  std::vector<std::shared_ptr<const ProjectionVersion>> retired;
  std::lock_guard lock(published_mutex_);
  retired.swap(retired_);  // destroyed after the lock is given back
}

bool Projection::IsTimeForSnapshot() const {
  const auto now = steady_clock::now();
  const bool is_quiet = now - last_apply_.load() >= kQuiet;
  const auto since_last = now - last_snapshot_;
  return since_last >= kLongestWithoutSnapshot ||
         (is_quiet && since_last >= kLeastBetweenSnapshots);
}

void Projection::KeepSnapshot() {
  last_snapshot_ = steady_clock::now();
  const uint64_t loads = loads_;
  const std::shared_ptr<const ProjectionVersion> version = LastPublished().version;
  if (options_.snapshot_path.empty() || version == nullptr ||
      LastInSnapshot() == InSnapshot{version->last_change, version->scoring} ||
      version->customers < options_.least_customers_in_snapshot) {
    return;
  }
  const absl::Status status = WriteSnapshot(*version, options_.snapshot_path);
  // What was loaded meanwhile may lack an erased customer, whom this snapshot still holds.
  if (loads_ != loads) RemoveSnapshot(options_.snapshot_path);
  // Without a snapshot the next start takes longer; the next try may have more luck.
  if (status.ok()) SetInSnapshot(*version);
}

void Projection::Follow() {
  GiveWay();
  do {
    FreeRetired();
    watch_->WaitBeyond(LastPublished().watched, kLongestWait);
    if (is_asked_.exchange(false)) pace_.NoteAsked(steady_clock::now());
    ShowPosition();
    const absl::StatusOr<int64_t> watched = watch_->Version();
    if (!watched.ok()) {
      if (!Pause(kPauseWithoutStore)) return;
      continue;
    }
    if (LastPublished().watched == *watched) {
      is_quick_ = true;
      pace_.NoteCalm(steady_clock::now());
      WarmUp();
      if (IsTimeForSnapshot()) KeepSnapshot();
      continue;
    }
    const steady_clock::time_point begin = steady_clock::now();
    const Followed followed = TryToFollow(pace_.IsTimeForMany(*watched, begin));
    const steady_clock::time_point end = steady_clock::now();
    if (followed.has_applied) {
      pace_.NoteApplied(followed.were_many, end - begin);
    } else {
      is_quick_ = false;
    }
    // The first apply reads all, or the snapshot, and tells nothing of those to come.
    const auto took = is_warm_ ? end - begin : steady_clock::duration::zero();
    const std::chrono::nanoseconds pause = !followed.status.ok()   ? kPauseWithoutStore
                                           : !followed.has_applied ? kPauseInLoad
                                                                   : pace_.PauseAfter(took, end);
    ShowPosition();
    FreeRetired();
    WarmUp();
    if (followed.has_applied && IsTimeForSnapshot()) KeepSnapshot();
    if (!Pause(pause)) return;
  } while (Pause(std::chrono::nanoseconds::zero()));
}

Projection::Followed Projection::TryToFollow(bool is_time_for_many) {
  Followed followed;
  const auto apply = [&](bool many) {
    std::lock_guard lock(apply_mutex_);
    const uint64_t before = LastPublished().apply;
    followed.status = Apply(many);
    followed.has_applied = LastPublished().apply != before;
  };
  if (LastPublished().version != nullptr) {
    apply(false);
    if (followed.has_applied || !followed.status.ok() || !is_time_for_many) return followed;
    followed.were_many = true;
  }
  // Others wait for the first version, or it has fallen behind.
  urgent_.Run([&] { apply(true); });
  return followed;
}

void Projection::ShowPosition() {
  if (!shown_position_) return;
  const bool is_asked = pace_.IsAsked(steady_clock::now());
  const auto version = LastPublished().version;
  const storage::LogPosition position =
      is_asked && version != nullptr ? version->folded_position : UINT64_MAX;
  if (last_shown_ != position) shown_position_->Show(position);
  last_shown_ = position;
}

void Projection::WarmUp() {
  constexpr size_t kChunksAtOnce = 64;
  const std::shared_ptr<const ProjectionVersion> version = LastPublished().version;
  if (is_warm_ || version == nullptr) return;
  is_warm_ = true;
  // What was not read from a snapshot has been scored by this process.
  if (version->serving == nullptr || loads_ > 0) return;
  for (size_t c = 0; c < version->chunks.size(); ++c) {
    if (c % kChunksAtOnce == 0 && !Pause(std::chrono::nanoseconds::zero())) return;
    for (size_t i = 0; i < version->SizeOf(c); ++i) {
      PredictedClvOf(*version->serving, version->chunks[c], i);
    }
  }
}

bool Projection::Pause(std::chrono::nanoseconds time) {
  std::unique_lock lock(stop_mutex_);
  return !stopping_.wait_for(lock, time, [this] { return is_stopping_; });
}

}  // namespace clv::query
