#include "services/ingest/deletion.h"

#include <chrono>
#include <thread>
#include <utility>

#include "common/base/status_macros.h"
#include "common/domain/data_sources.h"
#include "common/wire/log_codec.h"
#include "services/ingest/blocking_write.h"
#include "services/ingest/matching_rows.h"

namespace clv::ingest {
namespace {

// How often a job that waits looks whether the process ends.
constexpr std::chrono::milliseconds kFoldWait{100};

}  // namespace

absl::StatusOr<v1::Job> Deletion::Start(domain::DataSource data_source,
                                        std::optional<domain::RowCondition> condition) {
  v1::Job prototype;
  prototype.set_kind(condition.has_value() ? v1::JOB_KIND_DELETE : v1::JOB_KIND_TRUNCATE);
  prototype.set_data_source(std::string(domain::DataSourceName(data_source)));
  CLV_ASSIGN_OR_RETURN(v1::Job job, options_.jobs->Create(std::move(prototype)));
  const absl::StatusOr<storage::LogPosition> position = Append(data_source, std::move(condition));
  if (!position.ok()) {
    options_.jobs->End(job.job_id(), position.status());
    return position.status();
  }
  job.set_folded_position(*position);
  options_.jobs->Update(
      job.job_id(), [&](v1::Job* kept) { kept->set_folded_position(*position); },
      /*store_now=*/true);
  Follow(job);
  return job;
}

absl::StatusOr<storage::LogPosition> Deletion::Append(
    domain::DataSource data_source, std::optional<domain::RowCondition> condition) const {
  const int64_t now = options_.clock->NowSeconds();
  storage::NewRecord record{.data_source = data_source,
                            .received_at_seconds = now,
                            .payload = wire::EncodeLogRecord(
                                {.received_at_seconds = now,
                                 .wants_outcome = true,
                                 .command = wire::RowDeletion{data_source, std::move(condition)}})};
  PreparedWrite write;
  write.bytes = record.payload.size();
  write.batches.push_back({.record = std::move(record)});
  return WriteAndBlock(*options_.queue, write, [] { return false; });
}

void Deletion::Follow(const v1::Job& job) {
  options_.jobs->Run(job.job_id(), [this, position = job.folded_position()](JobProgress& progress) {
    return AwaitFold(position, progress);
  });
}

absl::Status Deletion::AwaitFold(storage::LogPosition position, JobProgress& progress) const {
  while (true) {
    if (progress.stopping()) return absl::CancelledError("not folded yet");
    if (!options_.progress->WaitUntilFolded(position, kFoldWait)) continue;
    const auto outcome = OutcomeOf(position);
    if (absl::IsUnavailable(outcome.status())) {
      std::this_thread::sleep_for(kFoldWait);
      continue;
    }
    CLV_RETURN_IF_ERROR(outcome.status());
    if (outcome->has_value()) {
      progress.Update([&](v1::Job* job) { job->set_removed_rows((*outcome)->removed_rows); });
    }
    return absl::OkStatus();
  }
}

absl::StatusOr<std::optional<storage::FoldOutcome>> Deletion::OutcomeOf(
    storage::LogPosition position) const {
  CLV_ASSIGN_OR_RETURN(const auto state, options_.facts->Read());
  return state->OutcomeOf(position);
}

absl::StatusOr<uint64_t> Deletion::Count(domain::DataSource data_source,
                                         const domain::RowCondition& condition,
                                         const std::function<absl::Status()>& may_go_on) const {
  CLV_ASSIGN_OR_RETURN(const auto state, options_.facts->Read());
  return CountMatchingRows(*state, data_source, condition, may_go_on);
}

bool Deletion::CanResume(const v1::Job& job) {
  return (job.kind() == v1::JOB_KIND_DELETE || job.kind() == v1::JOB_KIND_TRUNCATE) &&
         job.folded_position() > 0;
}

void Deletion::ResumeAll() {
  for (const v1::Job& job : options_.jobs->unfinished()) {
    if (CanResume(job)) Follow(job);
  }
}

}  // namespace clv::ingest
