#include "services/aggregation/worker.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "common/base/log.h"
#include "common/base/seeded_bugs.h"
#include "common/base/status_macros.h"
#include "common/base/thread_priority.h"
#include "common/metrics/catalogue.h"
#include "services/aggregation/fold.h"
#include "services/aggregation/row_gathering.h"

namespace clv::aggregation {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kIdleWait(50);
// The log keeps what is not durable; each time writes pages that the next folds change again.
constexpr std::chrono::milliseconds kDurableInterval(1'000);
constexpr std::chrono::milliseconds kDurableWhenIdle(100);
// Between looks at whether something can be announced.
constexpr std::chrono::milliseconds kAnnouncingStep(2);
// Between folds of single records that nobody waits for.
constexpr std::chrono::milliseconds kLingering(10);
// After a fold of so many rows another one like it is to be expected, for it has fallen behind or a
// load goes on: it gives way no longer.
constexpr uint64_t kRowsOfUrgent = 50'000;
constexpr std::chrono::milliseconds kFirstRetryWait(20);
constexpr std::chrono::milliseconds kLongestRetryWait(1'000);

}  // namespace

Worker::Worker(Options options)
    : options_(std::move(options)),
      fold_duration_(HistogramIn(options_.metrics, metrics::kAggregationFoldDuration)),
      failed_folds_(CounterIn(options_.metrics, metrics::kAggregationFailedFolds)),
      retry_wait_(kFirstRetryWait) {}

Worker::~Worker() { Stop(); }

void Worker::Start() {
  urgent_ = std::make_unique<OtherThread>();
  thread_ = std::thread([this] { Run(); });
  keeper_ = std::thread([this] { KeepDurable(); });
}

void Worker::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  keeper_wakes_.notify_one();
  if (thread_.joinable()) thread_.join();
  if (keeper_.joinable()) keeper_.join();
}

std::string Worker::stopped_because() const {
  std::lock_guard lock(mutex_);
  return stopped_because_;
}

void Worker::Run() {
  GiveWay();
  while (!stopping_) {
    if (log_ == nullptr) {
      auto log = options_.open_log();
      if (!log.ok()) {
        if (!Recover(log.status())) return;
        continue;
      }
      log_ = *std::move(log);
      options_.store->WarmUp();
    }
    if (scrub_is_due_) Scrub();
    absl::StatusOr<uint64_t> folded;
    if (rows_of_last_fold_ >= kRowsOfUrgent) {
      urgent_->Run([&] { folded = FoldOnce(); });
    } else {
      folded = FoldOnce();
    }
    is_folding_ = false;
    if (!folded.ok()) {
      failed_folds_.Add();
      if (!Recover(folded.status())) return;
      continue;
    }
    retry_wait_ = kFirstRetryWait;
    if (*folded == 0) WaitForMore();
  }
  if (announcements_.is_any_left()) {
    Announce(announcements_.TakeAll()).IgnoreError();  // the next worker does it in any case
  }
}

absl::StatusOr<uint64_t> Worker::FoldOnce() {
  const steady_clock::time_point began = steady_clock::now();
  CLV_ASSIGN_OR_RETURN(const storage::LogPosition checkpoint, options_.store->Checkpoint());
  if (!std::exchange(are_announcements_known_, true)) {
    announcements_.Restart(checkpoint);
    CLV_RETURN_IF_ERROR(AnnounceDue());
  }
  // Read and decoded before the transaction begins; the compare-and-set of its Commit tells when
  // another worker was faster.
  CLV_ASSIGN_OR_RETURN(const std::vector<LoggedRows> rows,
                       GatherRows(*log_, checkpoint,
                                  {.max_rows = options_.max_rows_per_fold,
                                   .first_step = began - last_gathered_,
                                   .wait =
                                       [this](std::chrono::milliseconds step) {
                                         AnnounceDue().IgnoreError();  // the fold does it anyway
                                         std::this_thread::sleep_for(step);
                                         return !stopping_;
                                       },
                                   .linger = Linger()}));
  last_gathered_ = steady_clock::now();
  uint64_t row_count = 0;
  for (const LoggedRows& of_record : rows) row_count += of_record.size();
  rows_of_last_fold_ = row_count;
  if (rows.empty()) {
    CLV_RETURN_IF_ERROR(AnnounceDue());
    return 0;
  }
  is_folding_ = true;
  const storage::LogPosition position = rows.back().position;
  CLV_ASSIGN_OR_RETURN(const std::unique_ptr<storage::FoldTransaction> transaction,
                       options_.store->Begin());
  if (transaction->checkpoint() != checkpoint &&
      !IsSeeded(SeededBug::kCheckpointWithoutCompareAndSet)) {
    return absl::AbortedError("another worker has moved the checkpoint");
  }
  const FoldOptions fold_options{.reporting_currency = options_.reporting_currency,
                                 .read_log =
                                     [this](storage::LogPosition after) {
                                       return log_->ReadAfter(after, options_.max_rows_per_fold);
                                     },
                                 .open_erasures = [this] { return log_->OpenErasures(); }};
  CLV_ASSIGN_OR_RETURN(const FoldCounts counts, Fold(rows, fold_options, *transaction));
  const storage::LogPosition announced =
      announcements_.AnnounceWith(position, row_count, AppliedPosition(), steady_clock::now());
  CLV_RETURN_IF_ERROR(transaction->Commit(position, announced));
  NoteFold();
  fold_duration_.Observe(steady_clock::now() - began);
  folded_rows_ += counts.outcome.rows;
  if (counts.outcome.dead_letters > 0) {
    spdlog::warn("{} rows up to log position {} went to the dead letters",
                 counts.outcome.dead_letters, position);
  }
  if (counts.erasures > 0) {
    scrub_is_due_ = true;
    if (options_.on_erasure) options_.on_erasure();
  }
  return rows.size();
}

std::function<void()> Worker::Linger() {
  if (options_.awaited == nullptr) return {};
  return [this] {
    AnnounceDue().IgnoreError();  // the fold does it anyway
    options_.awaited->Await(kLingering);
  };
}

void Worker::WaitForMore() {
  std::chrono::milliseconds wait = scrub_is_due_ ? kFirstRetryWait : kIdleWait;
  if (announcements_.is_any_left()) wait = kAnnouncingStep;
  log_->WaitForAppend(wait);
}

absl::Status Worker::Announce(storage::LogPosition position) {
  const absl::Status announced = options_.store->Announce(position);
  if (!announced.ok()) are_announcements_known_ = false;
  return announced;
}

absl::Status Worker::AnnounceDue() {
  if (!announcements_.is_any_left()) return absl::OkStatus();
  const storage::LogPosition before = announcements_.announced();
  const storage::LogPosition due = announcements_.TakeDue(AppliedPosition(), steady_clock::now());
  return due == before ? absl::OkStatus() : Announce(due);
}

void Worker::NoteFold() {
  std::lock_guard lock(mutex_);
  last_fold_ = steady_clock::now();
  is_durable_due_ = options_.store->MustBeMadeDurableSoon();
  if (std::exchange(are_durable_, false) || is_durable_due_) keeper_wakes_.notify_one();
}

void Worker::KeepDurable() {
  GiveWay();
  std::unique_lock lock(mutex_);
  while (true) {
    keeper_wakes_.wait(lock, [&] { return stopping_ || !are_durable_; });
    // Once they pause, or have gone on for long.
    const steady_clock::time_point latest = steady_clock::now() + kDurableInterval;
    while (!stopping_ && !is_durable_due_) {
      const steady_clock::time_point due = std::min(latest, last_fold_ + kDurableWhenIdle);
      if (steady_clock::now() >= due) break;
      keeper_wakes_.wait_until(lock, due, [&] { return stopping_ || is_durable_due_; });
    }
    if (stopping_) return;
    are_durable_ = true;
    is_durable_due_ = false;
    lock.unlock();
    const absl::Status durable = options_.store->MakeDurable();
    lock.lock();
    if (durable.ok()) continue;
    // The log keeps what is folded until it comes off.
    are_durable_ = false;
    last_fold_ = steady_clock::now();
    spdlog::warn("folds are not durable yet: {}", std::string(durable.message()));
  }
}

void Worker::Scrub() {
  // A reader may hold the write-ahead file: the next turn tries again.
  const absl::Status scrubbed = options_.store->Scrub();
  if (scrubbed.ok()) {
    scrub_is_due_ = false;
  } else if (!absl::IsUnavailable(scrubbed)) {
    spdlog::warn("scrubbing the store: {}", std::string(scrubbed.message()));
  }
}

bool Worker::Recover(const absl::Status& error) {
  if (absl::IsDataLoss(error) || absl::IsFailedPrecondition(error)) {
    spdlog::error("the fold has stopped: {}", std::string(error.message()));
    if (announcements_.is_any_left()) Announce(announcements_.TakeAll()).IgnoreError();
    std::lock_guard lock(mutex_);
    stopped_because_ = std::string(error.message());
    return false;
  }
  if (!absl::IsAborted(error) && log_ != nullptr) {
    spdlog::warn("fold tried again after: {}", std::string(error.message()));
    // The outcome may be unknown: a new connection reads what is really there.
    if (absl::Status reopened = options_.store->Reopen(); !reopened.ok()) {
      spdlog::warn("reopening the store: {}", std::string(reopened.message()));
    }
  }
  are_announcements_known_ = false;
  std::this_thread::sleep_for(retry_wait_);
  retry_wait_ = std::min(2 * retry_wait_, kLongestRetryWait);
  return true;
}

}  // namespace clv::aggregation
