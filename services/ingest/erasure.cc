#include "services/ingest/erasure.h"

#include <algorithm>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"
#include "common/base/utf8.h"
#include "common/wire/log_codec.h"

namespace clv::ingest {
namespace {

using storage::LogPosition;

constexpr size_t kMaxIdBytes = 256;
constexpr std::chrono::milliseconds kFirstRetryWait(50);
constexpr std::chrono::milliseconds kLongestRetryWait(5'000);
constexpr std::chrono::milliseconds kStopCheck(10);

v1::Job PrototypeOf(LogPosition position) {
  v1::Job prototype;
  prototype.set_kind(v1::JOB_KIND_ERASE);
  prototype.set_folded_position(position);
  return prototype;
}

// Runs the steps and keeps the job's counts. What earlier runs took out of the log and the
// quarantine stays counted; the facts are counted by the fold, once.
absl::Status RunOnce(const ErasureSteps& steps, LogPosition position, JobProgress& progress) {
  ErasureSteps::Counts before;
  progress.Update([&](v1::Job* job) {
    before.removed_log_rows = job->removed_log_rows();
    before.removed_quarantined_rows = job->removed_quarantined_rows();
  });
  const auto update = [&](double share, const ErasureSteps::Counts& counts) {
    progress.Update(
        [&](v1::Job* job) {
          job->set_progress(share);
          job->set_removed_rows(std::max(job->removed_rows(), counts.removed_rows));
          job->set_removed_log_rows(before.removed_log_rows + counts.removed_log_rows);
          job->set_removed_quarantined_rows(before.removed_quarantined_rows +
                                            counts.removed_quarantined_rows);
        },
        /*store_now=*/true);
  };
  return steps.Run(
      position, {.is_stopping = [&progress] { return progress.stopping(); }, .progress = update});
}

}  // namespace

absl::Status CheckCustomerId(const std::string& customer_id) {
  if (customer_id.empty() || customer_id.size() > kMaxIdBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("customer_id: got ", customer_id.size(), " bytes, want 1 to ", kMaxIdBytes));
  }
  if (!IsValidUtf8(customer_id)) {
    return absl::InvalidArgumentError("customer_id: got bytes that are not UTF-8, want UTF-8");
  }
  if (HasControlCharacter(customer_id)) {
    return absl::InvalidArgumentError(
        "customer_id: got control characters, want text without control characters");
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::Job> Erasure::StartErase(const std::string& customer_id) {
  CLV_RETURN_IF_ERROR(CheckCustomerId(customer_id));
  CLV_ASSIGN_OR_RETURN(const LogPosition position, Append(customer_id));
  return options_.jobs->Start(PrototypeOf(position), WorkOn(position));
}

absl::StatusOr<LogPosition> Erasure::Append(const std::string& customer_id) {
  // From before the facts are read until the erasure is open: a name that is not folded yet is
  // found in the log.
  const WriteQueue::TrimHold hold = options_.queue->HoldTrimming();
  wire::CustomerErasure erasure{.customer_id = customer_id};
  {
    CLV_ASSIGN_OR_RETURN(const auto state, options_.facts->Read());
    CLV_ASSIGN_OR_RETURN(const auto customers, state->FindCustomers({customer_id}));
    for (const auto& [id, customer] : customers) {
      for (const std::string* text : {&customer.name, &customer.email}) {
        if (!text->empty()) erasure.known_texts.push_back(*text);
      }
    }
  }
  const int64_t now = options_.clock->NowSeconds();
  const std::string hash = options_.erased->HashOf(customer_id);
  const storage::LogBatch batch{
      .record =
          storage::NewRecord{.received_at_seconds = now,
                             .payload = wire::EncodeLogRecord({.received_at_seconds = now,
                                                               .wants_outcome = true,
                                                               .command = std::move(erasure)})},
      .tombstone = storage::Tombstone{.id_hash = hash, .erased_at_seconds = now}};
  LogPosition position = 0;
  // On the writing thread, so that no write comes between the record and the set.
  CLV_RETURN_IF_ERROR(options_.queue->RunOnWriter([&](storage::EventLog& log) -> absl::Status {
    CLV_ASSIGN_OR_RETURN(const std::vector<LogPosition> positions, log.Append({batch}));
    position = positions.front();
    options_.erased->Add(hash);
    return absl::OkStatus();
  }));
  return position;
}

JobBoard::Work Erasure::WorkOn(LogPosition position) const {
  return [steps = options_.steps, position](JobProgress& progress) {
    for (auto wait = kFirstRetryWait;; wait = std::min(2 * wait, kLongestRetryWait)) {
      const absl::Status status = RunOnce(*steps, position, progress);
      const bool may_pass = absl::IsUnavailable(status) || absl::IsResourceExhausted(status);
      if (!may_pass) return status;
      spdlog::warn("an erasure is tried again after: {}", std::string(status.message()));
      const auto until = std::chrono::steady_clock::now() + wait;
      while (std::chrono::steady_clock::now() < until) {
        if (progress.stopping()) return absl::CancelledError("told to stop");
        std::this_thread::sleep_for(kStopCheck);
      }
    }
  };
}

absl::Status Erasure::Resume() {
  std::vector<LogPosition> open = options_.log->OpenErasures();
  for (const v1::Job& job : options_.jobs->unfinished()) {
    if (!CanResume(job)) continue;
    const auto position = std::find(open.begin(), open.end(), job.folded_position());
    if (position == open.end()) {
      // All was done but the job's record.
      options_.jobs->End(job.job_id(), absl::OkStatus());
      continue;
    }
    options_.jobs->Run(job.job_id(), WorkOn(*position));
    open.erase(position);
  }
  for (const LogPosition position : open) {
    CLV_RETURN_IF_ERROR(options_.jobs->Start(PrototypeOf(position), WorkOn(position)).status());
  }
  return absl::OkStatus();
}

void Erasure::AwaitEnd(const v1::Job& job, std::chrono::steady_clock::time_point until,
                       std::function<void(absl::StatusOr<v1::Job>)> done) {
  const auto shared_done = std::make_shared<decltype(done)>(std::move(done));
  const bool waits = waiters_.TrySubmit([this, job_id = job.job_id(), until, shared_done] {
    (*shared_done)(options_.jobs->WaitUntilEnded(job_id, until));
  });
  if (!waits) (*shared_done)(job);
}

}  // namespace clv::ingest
