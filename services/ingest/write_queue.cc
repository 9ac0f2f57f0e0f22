#include "services/ingest/write_queue.h"

#include <algorithm>
#include <future>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/failpoints.h"
#include "common/base/log.h"
#include "common/base/seeded_bugs.h"
#include "services/ingest/erased_rows.h"

namespace clv::ingest {
namespace {

// No more of them are awaited to share a commit.
constexpr size_t kGatheredBytes = 64 << 10;

// A full disk is no matter of the sender's pace: to him the log cannot be written now.
absl::Status ForSenders(const absl::Status& status) {
  if (status.code() != absl::StatusCode::kResourceExhausted) return status;
  return absl::UnavailableError(status.message());
}

void Warn(const std::string& what, const absl::Status& status) {
  spdlog::warn("{}: {}", what, std::string(status.message()));
}

}  // namespace

WriteQueue::WriteQueue(Options options)
    : options_(options),
      metrics_(options.metrics),
      next_trim_(std::chrono::steady_clock::now() + options.trim_interval),
      next_quarantine_(std::chrono::steady_clock::now()),
      thread_([this] { Work(); }) {}

WriteQueue::~WriteQueue() { Drain(); }

absl::Status WriteQueue::CheckRoom(const PreparedWrite& write) const {
  if (draining_) return absl::UnavailableError("ingest is shutting down; try again");
  const bool fits = queued_bytes_ + write.bytes <= options_.max_bytes &&
                    queued_rows_ + write.rows() <= options_.max_rows;
  if (fits || queued_rows_ == 0) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("the queue to the log is full (", queued_rows_, " rows wait); try again later"));
}

void WriteQueue::Queue(PreparedWrite write, Done done) {
  queued_bytes_ += write.bytes;
  queued_rows_ += write.rows();
  queue_.push_back({.write = std::move(write), .done = std::move(done)});
  if (!is_gathering_ || queued_bytes_ >= kGatheredBytes) wake_.notify_one();
}

absl::Status WriteQueue::Submit(PreparedWrite write, Done done) {
  std::lock_guard lock(mutex_);
  const absl::Status room = CheckRoom(write);
  if (room.ok()) Queue(std::move(write), std::move(done));
  return room;
}

absl::Status WriteQueue::SubmitWhenRoom(PreparedWrite write,
                                        std::chrono::steady_clock::time_point until, Done done) {
  std::unique_lock lock(mutex_);
  absl::Status room = CheckRoom(write);
  while (absl::IsResourceExhausted(room) &&
         room_.wait_until(lock, until) != std::cv_status::timeout) {
    room = CheckRoom(write);
  }
  if (room.ok()) Queue(std::move(write), std::move(done));
  return room;
}

absl::Status WriteQueue::RunOnWriter(Task task) {
  // Shared: the writing thread may still be at it when the result is already taken.
  const auto result = std::make_shared<std::promise<absl::Status>>();
  {
    std::lock_guard lock(mutex_);
    if (draining_) return absl::UnavailableError("ingest is shutting down; try again");
    queue_.push_back({.task = [result, task = std::move(task)](storage::EventLog& log) {
      result->set_value(task(log));
    }});
  }
  wake_.notify_one();
  return result->get_future().get();
}

WriteQueue::TrimHold WriteQueue::HoldTrimming() {
  std::lock_guard lock(trim_mutex_);
  ++trim_holds_;
  return TrimHold(this);
}

WriteQueue::TrimHold::~TrimHold() {
  if (queue_ == nullptr) return;
  std::lock_guard lock(queue_->trim_mutex_);
  --queue_->trim_holds_;
}

void WriteQueue::Drain() {
  {
    std::lock_guard lock(mutex_);
    draining_ = true;
  }
  wake_.notify_one();
  room_.notify_all();
  std::call_once(joined_, [this] { thread_.join(); });
}

WriteQueue::Status WriteQueue::status() const {
  std::lock_guard lock(mutex_);
  return {.queued_rows = queued_rows_,
          .queued_bytes = queued_bytes_,
          .accepted_rows = accepted_rows_,
          .refused_rows = refused_rows_};
}

void WriteQueue::Work() {
  while (true) {
    KeepLimits(std::chrono::steady_clock::now());
    std::vector<Waiting> group;
    {
      std::unique_lock lock(mutex_);
      wake_.wait_until(lock, std::min(next_trim_, next_quarantine_),
                       [this] { return draining_ || !queue_.empty(); });
      if (queue_.empty() && draining_) break;
      Gather(lock);
      group.swap(queue_);
    }
    for (auto begin = group.begin(); begin != group.end();) {
      if (begin->task) {
        begin->task(*options_.log);
        ++begin;
        continue;
      }
      const auto end = std::find_if(begin, group.end(),
                                    [](const Waiting& waiting) { return waiting.task != nullptr; });
      Append({std::make_move_iterator(begin), std::make_move_iterator(end)});
      begin = end;
    }
  }
  // A directory at rest holds no more of the log than it must.
  TrimLog();
}

void WriteQueue::Gather(std::unique_lock<std::mutex>& lock) {
  if (last_group_ < options_.least_gathered) return;
  is_gathering_ = true;
  wake_.wait_for(lock, std::min<Instant::duration>(last_append_, options_.longest_gathering),
                 [this] { return draining_ || queued_bytes_ >= kGatheredBytes; });
  is_gathering_ = false;
}

void WriteQueue::DropErased(std::vector<Waiting>& group) {
  if (options_.erased == nullptr) return;
  for (Waiting& waiting : group) {
    const uint64_t valid_rows = waiting.write.accepted_rows;
    absl::StatusOr<PreparedWrite> write =
        WithoutErased(std::exchange(waiting.write, {}), *options_.erased);
    if (!write.ok()) {
      waiting.failure = write.status();
      continue;
    }
    waiting.write = *std::move(write);
    waiting.erased_rows = valid_rows - waiting.write.accepted_rows;
  }
}

void WriteQueue::Append(std::vector<Waiting> group) {
  size_t bytes = 0;
  uint64_t rows = 0;
  for (const Waiting& waiting : group) {
    bytes += waiting.write.bytes;
    rows += waiting.write.rows();
  }
  DropErased(group);
  std::vector<storage::LogBatch> batches;
  std::vector<size_t> ends;  // of each write within `batches`
  uint64_t accepted = 0;
  for (Waiting& waiting : group) {
    std::move(waiting.write.batches.begin(), waiting.write.batches.end(),
              std::back_inserter(batches));
    ends.push_back(batches.size());
    accepted += waiting.write.accepted_rows;
  }
  if (IsSeeded(SeededBug::kAcknowledgeBeforeCommit)) {
    for (Waiting& waiting : group) std::exchange(waiting.done, [](const auto&) {})(Written{});
  }
  const auto began = std::chrono::steady_clock::now();
  const absl::StatusOr<std::vector<storage::LogPosition>> positions = options_.log->Append(batches);
  ReachFailpoint("ingest.before_answer");
  last_append_ = std::chrono::steady_clock::now() - began;
  last_group_ = group.size();
  metrics_.CountAppend(last_append_, group.size(), positions.ok());
  if (positions.ok()) metrics_.CountQuarantined(batches);
  if (positions.ok()) refusals_.Count(batches);
  batches.clear();
  if (positions.ok()) {
    for (const Waiting& waiting : group) metrics_.CountAccepted(waiting.write);
    accepted_rows_ += accepted;
    refused_rows_ += rows - accepted;
  } else {
    Warn("the log cannot be written", positions.status());
  }
  {
    std::lock_guard lock(mutex_);
    queued_bytes_ -= bytes;
    queued_rows_ -= rows;
  }
  room_.notify_all();
  size_t begin = 0;
  for (size_t i = 0; i < group.size(); ++i) {
    if (!group[i].failure.ok()) {
      group[i].done(group[i].failure);
    } else if (positions.ok()) {
      Written written{.erased_rows = group[i].erased_rows};
      for (size_t at = begin; at < ends[i]; ++at) {
        if ((*positions)[at] == 0) continue;
        written.position = (*positions)[at];
        ++written.records;
      }
      group[i].done(written);
    } else {
      group[i].done(ForSenders(positions.status()));
    }
    begin = ends[i];
  }
}

void WriteQueue::KeepLimits(Instant now) {
  if (now >= next_quarantine_) {
    next_quarantine_ = now + options_.quarantine_interval;
    const absl::Status status =
        options_.log->LimitQuarantine(options_.clock->NowSeconds(), options_.max_quarantine_bytes);
    if (!status.ok()) Warn("the quarantine cannot be limited", status);
  }
  if (now >= next_trim_) {
    next_trim_ = now + options_.trim_interval;
    TrimLog();
  }
}

void WriteQueue::TrimLog() {
  if (options_.log_retention != LogRetention::kFolded || options_.progress == nullptr) return;
  std::lock_guard lock(trim_mutex_);
  if (trim_holds_ > 0) return;
  const storage::LogPosition first = options_.log->FirstRetainedPosition();
  if (first == 0) return;
  // Without a store there is nothing folded, which is no fault.
  const absl::StatusOr<storage::LogPosition> folded = options_.progress->DurablePosition();
  if (!folded.ok() || *folded < first) return;
  const absl::Status status = options_.log->TrimThrough(*folded);
  if (!status.ok()) Warn("the log cannot be trimmed", status);
}

}  // namespace clv::ingest
